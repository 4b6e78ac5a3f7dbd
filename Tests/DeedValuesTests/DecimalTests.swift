// Decimals: reading and printing, their scales, their order among other numbers, and their hash.

import DeedValues
import Testing

struct DecimalTests {
    private func decimal(_ text: String) -> Decimal? {
        if case .number(let number) = Decimal.read(text) { return number }
        return nil
    }

    private func random(_ generator: inout SeededGenerator) -> Decimal {
        let digits = Int.random(in: 0...38, using: &generator)
        let bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
        let magnitude = Int128(bits % Decimal.powers[digits])
        let scale = Int.random(in: 0...38, using: &generator)
        return Decimal(Bool.random(using: &generator) ? magnitude : 0 - magnitude, scale: scale) ?? Decimal(0)
    }

    @Test func valuesDoNotGrow() {
        #expect(MemoryLayout<Value>.stride == 24)
        #expect(MemoryLayout<Decimal>.size == 17)
    }

    @Test func texts() {
        let nines = String(repeating: "9", count: 38)
        for (text, wanted) in [
            ("1.50", "1.50"), ("-0.05", "-0.05"), (".5", "0.5"), ("5.", "5"), ("+1e3", "1000"), ("12e-3", "0.012"), (" 7 ", "7"),
            ("0.00", "0.00"), ("-0.0", "0.0"), ("1.5E+2", "150"), (nines, nines), ("-0." + nines, "-0." + nines),
            ("0." + nines + "5", "1." + String(repeating: "0", count: 37)), ("1e-50", "0." + String(repeating: "0", count: 38)),
            ("0e99", "0"), ("000000000000000000000000000000000000000000001.5", "1.5"),
            (nines + "00e-2", nines), ("1" + String(repeating: "0", count: 60) + "e-60", "1.0000000000000000000000000000000000000"),
        ] {
            #expect(decimal(text)?.description == wanted, "\(text)")
        }
        for text in ["", ".", "-", "e5", "1e", "1e+", "1.2.3", "NaN", "Infinity", "1x", "0x10", "1_000", "--1"] {
            guard case .malformed = Decimal.read(text) else {
                Issue.record("'\(text)' is a number")
                continue
            }
        }
        for text in [nines + "0", "1e38", "1e999999999999", nines + ".9"] {
            guard case .tooLarge = Decimal.read(text) else {
                Issue.record("'\(text)' fits")
                continue
            }
        }
    }

    @Test func whatIsPrintedReadsBack() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let number = random(&generator)
            let read = decimal(number.description)
            #expect(read?.coefficient == number.coefficient && read?.scale == number.scale, "\(number.description)")
        }
    }

    @Test func roundingModes() throws {
        for (text, digits, mode, wanted) in [
            ("2.5", 0, "HALF_EVEN", "2"), ("3.5", 0, "HALF_EVEN", "4"), ("2.5", 0, "HALF_DOWN", "2"), ("2.51", 0, "HALF_DOWN", "3"),
            ("-2.1", 0, "UP", "-3"), ("-2.9", 0, "DOWN", "-2"), ("-2.1", 0, "FLOOR", "-3"), ("-2.9", 0, "CEILING", "-2"),
            ("2.0", 0, "UP", "2"), ("2.345", 2, "HALF_UP", "2.35"), ("-2.345", 2, "HALF_UP", "-2.35"), ("150", -2, "HALF_UP", "200"),
        ] as [(String, Int64, Value, String)] {
            let number = try #require(decimal(text))
            expectSame(try call("round", .decimal(number), .int(digits), mode), .decimal(try #require(decimal(wanted))), text)
        }
    }

    /// Each number is compared with floats beside it; order, equality and hashes have to agree.
    @Test func oneOrderOfAllNumbers() {
        var generator = SeededGenerator(seed: 12)
        var values: [Value] = []
        for _ in 0..<150 {
            let number = random(&generator)
            values += [.decimal(number), .float(number.double), .float(number.double.nextUp), .float(number.double.nextDown)]
            if let wider = number.rounded(to: Int(number.scale) + 1) { values.append(.decimal(wider)) }
            if let integer = number.integer { values.append(.int(integer)) }
            if let shown = Decimal(number.double) { values.append(.decimal(shown)) }
        }
        values += [.int(.max), .int(.min), .float(0x1p63), .float(-0x1p63), .float(.infinity), .float(-.infinity), .float(-0.0), nan]
        let sorted = values.sorted { Value.order($0, $1) < 0 }
        for left in sorted.indices {
            for right in sorted.indices {
                let order = Value.order(sorted[left], sorted[right])
                #expect(order.signum() == -Value.order(sorted[right], sorted[left]).signum())
                if left < right { #expect(order <= 0, "\(ValueText.literal(sorted[left])), \(ValueText.literal(sorted[right]))") }
                let isSame = Value.isEquivalent(sorted[left], sorted[right])
                #expect(isSame == (order == 0))
                if isSame { #expect(ValueHash.hash(sorted[left], seed: 5) == ValueHash.hash(sorted[right], seed: 5)) }
            }
        }
    }

    @Test func floatsAreWhatTheyAreWrittenAs() throws {
        let tenth = try #require(decimal("0.1"))
        #expect(Value.equals(.decimal(tenth), 0.1) == true)
        #expect(Value.equals(.decimal(try #require(decimal("0.1000000000000000055511151231257827"))), 0.1) == false)
        #expect(Value.equals(.decimal(try #require(decimal("9007199254740993"))), .float(9_007_199_254_740_992)) == false)
        #expect(Value.equals(.decimal(try #require(decimal("1152921504606846976"))), .float(0x1p60)) == true)
    }

    /// What fits one word takes shorter ways; both sides of their limits have to come to the same.
    @Test func wordsAndLongNumbersComputeAlike() throws {
        let edges: [Int128] = [0, 1, -1, 9, 10, Int128(Int64.max), Int128(Int64.min), Int128(Int64.max) + 1, Int128(Int64.min) - 1, 1 << 62]
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<3_000 {
            let one = edges.randomElement(using: &generator)! + Int128.random(in: -3...3, using: &generator)
            let other = edges.randomElement(using: &generator)! + Int128.random(in: -3...3, using: &generator)
            let (scale, otherScale) = (Int.random(in: 0...6, using: &generator), Int.random(in: 0...6, using: &generator))
            let left = try #require(Decimal(one, scale: scale)), right = try #require(Decimal(other, scale: otherScale))
            let shift = max(scale, otherScale)
            let aligned = (one * Int128(Decimal.powers[shift - scale]), other * Int128(Decimal.powers[shift - otherScale]))
            let sum = try #require(Decimal.add(left, right)), difference = try #require(Decimal.subtract(left, right))
            #expect(sum.coefficient == aligned.0 + aligned.1 && Int(sum.scale) == shift)
            #expect(difference.coefficient == aligned.0 - aligned.1 && Int(difference.scale) == shift)
            #expect(Decimal.compare(left, right) == (aligned.0 < aligned.1 ? -1 : aligned.0 > aligned.1 ? 1 : 0))
            let (product, overflow) = one.multipliedReportingOverflow(by: other)
            if !overflow, product.magnitude < Decimal.limit {
                let found = try #require(Decimal.multiply(left, right))
                #expect(found.coefficient == product && Int(found.scale) == scale + otherScale)
            }
            let unit = Int128(Decimal.powers[scale])
            #expect(left.exactInteger == (one % unit == 0 ? Int64(exactly: one / unit) : nil))
        }
    }
}
