// The components of temporal values, such as `year`, read as if they were properties.

package enum TemporalAccess {
    /// Nil if the value has no component of that name.
    package static func component(_ value: Value, _ name: String) -> Value? { nil }
}
