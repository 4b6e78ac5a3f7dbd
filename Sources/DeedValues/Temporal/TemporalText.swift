// Temporal values as text, without quotes.

package enum TemporalText {
    /// Only of temporal values.
    package static func describe(_ value: Value) -> String { "" }
}
