// What holds of all temporal values, tried on random ones; and the readers on random bytes.

import Testing

@testable import DeedValues

/// A small generator of its own (Marsaglia's xorshift), so that a seed means the same everywhere.
private struct TemporalRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func int(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &self) }

    /// Near today half of the time.
    mutating func days() -> Int64 { Bool.random(using: &self) ? int(-40_000...40_000) : int(CivilCalendar.days) }

    mutating func nanoseconds() -> Int64 {
        let size: [Int64] = [1, 1000, 1_000_000, 1_000_000_000, 60_000_000_000]
        return int(0...CivilCalendar.nanosecondsPerDay - 1) / size[Int(int(0...4))] * size[0] % CivilCalendar.nanosecondsPerDay
    }

    mutating func zone() throws -> Zone {
        let names = ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"]
        return Bool.random(using: &self)
            ? .offset(Int32(int(-Zone.offsetMax...Zone.offsetMax))) : try .parse(names[Int(int(0...Int64(names.count - 1)))])
    }

    mutating func local() -> LocalDatetime { LocalDatetime(days: days(), nanosecondOfDay: nanoseconds()) }

    mutating func duration() throws -> CalendarDuration {
        try CalendarDuration(
            months: int(-20_000...20_000), days: int(-90_000...90_000),
            totalNanoseconds: Int128(int(-Int64.max...Int64.max)) / Int128(int(1...1_000_000_000)))
    }
}

private let seed: UInt64 = 0x5EED_7E3D
private let rounds = 3000

@Test func civilDatesGoRoundOverTheWholeRange() throws {
    for days in [CivilCalendar.days.lowerBound, CivilCalendar.days.upperBound, -719_528, 0, 11_016] {
        let date = CivilCalendar.civil(days)
        #expect(CivilCalendar.unchecked(year: date.year, month: date.month, day: date.day) == days)
    }
    // Each day of more than 400 years, after which the calendar repeats.
    var expected = CivilDate(year: 1599, month: 12, day: 31)
    for days in CivilCalendar.unchecked(year: 1599, month: 12, day: 31)...CivilCalendar.unchecked(year: 2001, month: 1, day: 1) {
        let date = CivilCalendar.civil(days)
        if date != expected || CivilCalendar.unchecked(year: date.year, month: date.month, day: date.day) != days {
            Issue.record("day \(days) is \(date), not \(expected)")
            return
        }
        expected.day += 1
        if expected.day > CivilCalendar.daysInMonth(year: expected.year, month: expected.month) {
            (expected.day, expected.month) = (1, expected.month + 1)
        }
        if expected.month > 12 { (expected.month, expected.year) = (1, expected.year + 1) }
    }
    var random = TemporalRandom(state: seed)
    for _ in 0..<rounds {
        let days = random.int(CivilCalendar.days)
        let date = CivilCalendar.civil(days)
        let week = CivilCalendar.week(days)
        #expect(try CivilCalendar.days(year: date.year, month: date.month, day: date.day) == days, "seed \(seed)")
        #expect(CivilCalendar.firstWeek(week.year) + 7 * (week.week - 1) + CivilCalendar.dayOfWeek(days) - 1 == days, "seed \(seed)")
        #expect(try CivilCalendar.days(year: date.year, ordinalDay: CivilCalendar.ordinalDay(days)) == days, "seed \(seed)")
        #expect(
            try CivilCalendar.days(
                year: date.year, quarter: (date.month - 1) / 3 + 1, dayOfQuarter: CivilCalendar.dayOfQuarter(days)) == days, "seed \(seed)")
    }
}

@Test func whatIsPrintedIsReadBack() throws {
    var random = TemporalRandom(state: seed)
    for _ in 0..<rounds {
        let local = random.local()
        let zoned = ZonedDatetime(local, in: try random.zone())
        let values: [(String, Value)] = [
            ("date", .date(CalendarDate(days: random.days()))), ("localtime", .localTime(LocalTime(nanoseconds: random.nanoseconds()))),
            ("time", .zonedTime(ZonedTime(nanoseconds: random.nanoseconds(), offset: Int32(random.int(-64_800...64_800))))),
            ("localdatetime", .localDatetime(local)), ("datetime", .zonedDatetime(zoned)), ("duration", .duration(try random.duration())),
        ]
        for (function, value) in values {
            let text = TemporalText.describe(value)
            let read = try TemporalExpression.evaluate("\(function)('\(text)')")
            #expect(TemporalText.describe(read) == text, "seed \(seed): \(function)")
            if case .zonedDatetime(let read) = read { #expect(read.seconds == zoned.seconds, "seed \(seed): \(text)") }
            if case .duration(let read) = read, case .duration(let written) = value {
                #expect(read.months == written.months && read.days == written.days && read.totalNanoseconds == written.totalNanoseconds)
            }
        }
    }
}

@Test func whatLiesBetweenLeadsFromOneToTheOther() throws {
    var random = TemporalRandom(state: seed)
    for _ in 0..<rounds {
        let zone = try random.zone()
        let (first, second) = (random.local(), random.local())
        let pairs: [(Value, Value)] = [
            (.date(CalendarDate(days: first.days)), .date(CalendarDate(days: second.days))),
            (.localDatetime(first), .localDatetime(second)),
            (.zonedDatetime(ZonedDatetime(first, in: zone)), .zonedDatetime(ZonedDatetime(second, in: zone))),
        ]
        for (from, to) in pairs {
            for kind in [DurationBetween.Kind.between, .seconds] {
                let duration = try DurationBetween.duration(kind, from, to)
                let reached = try #require(try TemporalArithmetic.add(from, duration))
                #expect(
                    TemporalText.describe(reached) == TemporalText.describe(to),
                    "seed \(seed): \(TemporalText.describe(from)) + \(TemporalText.describe(duration))")
            }
        }
    }
}

@Test func everyLocalTimeIsAMomentOfItsZone() throws {
    var random = TemporalRandom(state: seed)
    for name in ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Europe/Dublin"] {
        let rules = try ZoneDatabase.rules(name)
        // All spans join, without gaps, from the first on.
        var span = rules.span(at: .min)
        for _ in 0..<400 where span.end != .max {
            #expect(rules.span(at: span.end - 1) == span)
            let next = rules.span(at: span.end)
            #expect(next.start == span.end && next.offset != span.offset)
            // Around each change of offset, local times that exist come back as they were.
            let edges = [span.end + Int64(span.offset) - 1, span.end + Int64(max(span.offset, next.offset))]
            for local in edges + [span.end + random.int(-90_000...90_000)] {
                let moment = rules.resolve(local: local, preferring: nil)
                #expect(rules.offset(at: moment.seconds) == moment.offset)
                let isGap = local >= span.end + Int64(span.offset) && local < span.end + Int64(next.offset)
                let back = moment.seconds + Int64(moment.offset)
                #expect(back == (isGap ? local + Int64(next.offset - span.offset) : local), "\(name) \(local)")
            }
            span = next
        }
    }
}

@Test func textsOfAnyBytesAreReadOrRefused() {
    var random = TemporalRandom(state: seed)
    let alphabet = Array("0123456789--::..,,TWQPZYMDHS++[]/ Europe/London\u{e9}".utf8)
    let good = ["2015-07-21T21:40:32.142+02:00[Europe/Stockholm]", "P12Y5M14DT16H12M70.5S", "2015-W30-2", "21:40:32.142-0100"]
    let functions = ["date", "localtime", "time", "localdatetime", "datetime", "duration"]
    for round in 0..<rounds * 4 {
        var bytes = Array(good[round % good.count].utf8)
        for _ in 0..<random.int(0...4) {
            let byte = alphabet[Int(random.int(0...Int64(alphabet.count - 1)))]
            let place = Int(random.int(0...Int64(max(0, bytes.count - 1))))
            switch random.int(0...2) {
            case 0: bytes.insert(byte, at: min(place, bytes.count))
            case 1 where !bytes.isEmpty: bytes.remove(at: place)
            default: if !bytes.isEmpty { bytes[place] = byte }
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        for function in TemporalFunctions.all where functions.contains(function.name) {
            guard let value = try? function.evaluate([.string(text)], temporalContext) else { continue }
            #expect(!TemporalText.describe(value).isEmpty, "seed \(seed): \(text)")
        }
    }
}

@Test func storedValuesOfAnyBitsArePrintedAndCombined() {
    var random = TemporalRandom(state: seed)
    func bits() -> Int64 { random.int(0...3) == 0 ? [Int64.min, .max, 0, -1][Int(random.int(0...3))] : Int64(bitPattern: random.next()) }
    for _ in 0..<rounds {
        let values: [Value] = [
            .date(CalendarDate(days: bits())), .localTime(LocalTime(nanoseconds: bits())),
            .zonedTime(ZonedTime(nanoseconds: bits(), offset: Int32(truncatingIfNeeded: bits()))),
            .localDatetime(LocalDatetime(seconds: bits(), nanoseconds: UInt32(truncatingIfNeeded: bits()))),
            .zonedDatetime(
                ZonedDatetime(
                    seconds: bits(), nanoseconds: UInt32(truncatingIfNeeded: bits()), offset: Int32(truncatingIfNeeded: bits()),
                    zone: random.int(0...1) == 0 ? "" : "Europe/Stockholm")),
            .duration(CalendarDuration(months: bits(), days: bits(), seconds: bits(), nanoseconds: Int32(truncatingIfNeeded: bits()))),
        ]
        for value in values {
            #expect(!TemporalText.describe(value).isEmpty)
            for name in ["year", "week", "dayOfQuarter", "ordinalDay", "hour", "offset", "epochMillis", "nanoseconds"] {
                _ = TemporalAccess.component(value, name)
            }
            for other in values {
                _ = try? TemporalArithmetic.add(value, other)
                _ = try? TemporalArithmetic.subtract(value, other)
                for kind in [DurationBetween.Kind.between, .months, .days, .seconds] {
                    _ = try? DurationBetween.duration(kind, value, other)
                }
            }
            _ = try? TemporalArithmetic.multiply(value, .float(Double(bits())))
            _ = try? TemporalArithmetic.divide(value, .int(bits()))
            for type in [TemporalType.date, .localtime, .time, .localdatetime, .datetime] {
                _ = try? TemporalConstruction.construct(type, value, temporalContext)
                _ = try? TemporalTruncation.truncate(type, [.string("week"), value], temporalContext)
                let change = Value.map(MapValue(keys: ["minute"], values: [.int(1)]))
                _ = try? TemporalTruncation.truncate(type, [.string("hour"), value, change], temporalContext)
            }
        }
    }
}

@Test func zoneFilesOfAnyBytesAreRefusedOrUsable() throws {
    var random = TemporalRandom(state: seed)
    func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) } }
    // One change of offset, at the epoch, and a rule.
    let header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
    let empty = header + [0, 0, 0, 0, 0, 1].flatMap { word($0) } + [0]
    var file = empty + header + [0, 0, 0, 1, 2, 4].flatMap { word($0) }
    file += [UInt8](repeating: 0, count: 8) + [1] + word(600) + [0, 0] + word(3600) + [0, 0] + Array("LMT\0".utf8)
    file += Array("\nCET-1CEST,M3.5.0,M10.5.0/3\n".utf8)
    let rules = try #require(ZoneRules(name: "Test/Zone", file: file))
    #expect(rules.offset(at: -1) == 600)
    #expect(rules.offset(at: 0) == 3600)
    #expect(rules.offset(at: 1_720_000_000) == 7200)
    for length in file.indices { _ = ZoneRules(name: "", file: Array(file[..<length]))?.offset(at: 5) }
    for _ in 0..<rounds {
        var damaged = file
        for _ in 0...random.int(0...3) { damaged[Int(random.int(0...Int64(file.count - 1)))] = UInt8(truncatingIfNeeded: random.next()) }
        guard let rules = ZoneRules(name: "", file: damaged) else { continue }
        for local in [Int64(0), 1_720_000_000, -5_000_000_000] { _ = rules.resolve(local: local, preferring: 3600) }
    }
}
