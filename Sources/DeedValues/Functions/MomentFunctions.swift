// What depends on the statement or on chance rather than on arguments.

enum MomentFunctions {
    static let all: [ScalarFunction] = [
        // Not deterministic, since a plan that is kept for the next statement must not keep this one's moment.
        ScalarFunction("timestamp", 0...0, isDeterministic: false) { (_, context) throws(QueryError) in
            let (milliseconds, overflow) = context.seconds.multipliedReportingOverflow(by: 1000)
            let (sum, overflowOfSum) = milliseconds.addingReportingOverflow(Int64(context.nanoseconds / 1_000_000))
            if overflow || overflowOfSum { throw .outOfRange("the clock is beyond what timestamp() can say") }
            return .int(sum)
        },
        ScalarFunction("randomuuid", 0...0, isDeterministic: false) { (_, _) throws(QueryError) in .string(randomUUID()) },
    ]

    /// Version 4: 122 random bits.
    private static func randomUUID() -> String {
        let high = UInt64.random(in: .min ... .max) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = UInt64.random(in: .min ... .max) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var text = ""
        for (word, offset) in [(high, 0), (low, 16)] {
            for digit in 0..<16 {
                if [8, 12, 16, 20].contains(offset + digit) { text += "-" }
                text += String(word &>> UInt64(60 - 4 * digit) & 15, radix: 16)
            }
        }
        return text
    }
}
