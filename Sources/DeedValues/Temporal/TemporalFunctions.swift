// The functions that make and take apart temporal values.

package enum TemporalFunctions {
    package static let all: [ScalarFunction] = []
}
