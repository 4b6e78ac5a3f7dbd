// The version of the library, which interfaces tell.

package enum DeedVersion {
    package static let text: StaticString = "0.1.0"
}
