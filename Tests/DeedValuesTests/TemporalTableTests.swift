// Temporal values by tables of expressions and what they give.

import Testing

@testable import DeedValues

private func expect(_ table: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation) throws {
    for (expression, expected) in table {
        do {
            let found = TemporalExpression.describe(try TemporalExpression.evaluate(expression))
            #expect(found == expected, "\(expression)", sourceLocation: sourceLocation)
        } catch let error as QueryError {
            Issue.record("\(expression): \(error.message)", sourceLocation: sourceLocation)
        }
    }
}

@Test func datesAreReadInEveryForm() throws {
    try expect([
        ("date('2024-02-29')", "'2024-02-29'"), ("date('20240229')", "'2024-02-29'"), ("date('2024-02')", "'2024-02-01'"),
        ("date('2020-W53-7')", "'2021-01-03'"), ("date('2020W537')", "'2021-01-03'"), ("date('2024-366')", "'2024-12-31'"),
        ("date('2024-Q2-91')", "'2024-06-30'"), ("date('2024Q291')", "'2024-06-30'"), ("date('2024Q3')", "'2024-07-01'"),
        ("date('-0001-03-04')", "'-0001-03-04'"), ("date('+12345-06-07')", "'+12345-06-07'"), ("date('0000')", "'0000-01-01'"),
        ("date('+999999999-12-31')", "'+999999999-12-31'"), ("date('-5')", "'-0005-01-01'"),
    ])
}

@Test func timesAndDatetimesAreReadInEveryForm() throws {
    try expect([
        ("localtime('07')", "'07:00'"), ("localtime('0708')", "'07:08'"), ("localtime('07:08:09,5')", "'07:08:09.500'"),
        ("time('070809.000001+0230')", "'07:08:09.000001+02:30'"), ("time('07:08')", "'07:08Z'"),
        ("time('07:08-17:59:59')", "'07:08-17:59:59'"), ("localdatetime('2024-05-06')", "'2024-05-06T00:00'"),
        ("datetime('2024-05-06T07:08')", "'2024-05-06T07:08Z'"),
        ("datetime('2024-07-06T07:08[America/New_York]')", "'2024-07-06T07:08-04:00[America/New_York]'"),
        ("datetime('2024-01-06T07:08Z[Europe/London]')", "'2024-01-06T07:08Z[Europe/London]'"),
    ])
}

@Test func mapsMakeInstants() throws {
    try expect([
        ("date({year: 2020, week: 53, dayOfWeek: 5})", "'2021-01-01'"), ("date({year: 2024, quarter: 4})", "'2024-10-01'"),
        ("date({date: date('2024-08-31'), month: 2})", "'2024-02-29'"), ("date({date: date('2024-02-29'), year: 2023})", "'2023-02-28'"),
        ("date({date: date('1984-11-11'), quarter: 3})", "'1984-08-11'"), ("date({date: date('1984-11-11'), week: 1})", "'1984-01-08'"),
        ("date({date: date('1984-11-11'), ordinalDay: 28})", "'1984-01-28'"),
        ("localtime({hour: 1, minute: 2, second: 3, millisecond: 4, nanosecond: 5})", "'01:02:03.004000005'"),
        ("datetime({epochSeconds: 1, nanosecond: 2})", "'1970-01-01T00:00:01.000000002Z'"),
        ("datetime({epochMillis: -1, timezone: '+01:00'})", "'1970-01-01T00:59:59.999+01:00'"),
        ("datetime({date: datetime('2024-07-06T07:08+05:00'), hour: 1})", "'2024-07-06T01:00Z'"),
        ("datetime({datetime: datetime('2024-07-06T07:08Z'), timezone: 'Asia/Tokyo'})", "'2024-07-06T16:08+09:00[Asia/Tokyo]'"),
        ("datetime(date('2024-07-06'))", "'2024-07-06T00:00Z'"), ("date(datetime('2024-07-06T23:08-05:00'))", "'2024-07-06'"),
    ])
}

@Test func theClockIsTheStatements() throws {
    try expect([
        ("datetime()", "'2023-11-14T22:13:20.123456789Z'"), ("date()", "'2023-11-14'"), ("localtime.statement()", "'22:13:20.123456789'"),
        ("time.transaction('+02:00')", "'00:13:20.123456789+02:00'"), ("date({timezone: 'Asia/Tokyo'})", "'2023-11-15'"),
        ("datetime() = datetime.statement()", "true"), ("date.realtime(null)", "null"),
        ("datetime.truncate('hour')", "'2023-11-14T22:00Z'"),
    ])
}

@Test func truncationGoesDownToItsUnit() throws {
    let moment = "localdatetime('2017-11-12T13:14:15.161718192')"
    try expect([
        ("date.truncate('millennium', \(moment))", "'2000-01-01'"), ("date.truncate('century', date('1999-05-05'))", "'1900-01-01'"),
        ("date.truncate('decade', date('-0005-05-05'))", "'-0010-01-01'"),
        ("date.truncate('weekYear', date('2021-01-01'))", "'2019-12-30'"),
        ("date.truncate('quarter', \(moment))", "'2017-10-01'"), ("date.truncate('week', \(moment), {dayOfWeek: 7})", "'2017-11-12'"),
        ("localtime.truncate('microsecond', \(moment), {nanosecond: 9})", "'13:14:15.161718009'"),
        ("localtime.truncate('millisecond', \(moment), {microsecond: 9})", "'13:14:15.161009'"),
        ("localdatetime.truncate('minute', \(moment))", "'2017-11-12T13:14'"),
        ("time.truncate('second', datetime('2017-11-12T13:14:15.1+01:00'))", "'13:14:15+01:00'"),
    ])
}

@Test func durationsKeepTheirPartsApart() throws {
    try expect([
        ("duration('P1Y2M3W4DT5H6M7.8S')", "'P1Y2M25DT5H6M7.8S'"), ("duration('-P1DT1S')", "'P-1DT-1S'"),
        ("duration('PT-0.5S')", "'PT-0.5S'"),
        ("duration('P20120202T143721')", "'P2012Y2M2DT14H37M21S'"), ("duration('P0.1D')", "'PT2H24M'"),
        ("duration({days: 12.1})", "'P12DT2H24M'"),
        ("duration({quarters: 1.5})", "'P4M15DT5H14M33S'"), ("duration({seconds: 1, nanoseconds: -1})", "'PT0.999999999S'"),
        ("duration({days: -1.5, months: 0.75})", "'P21DT7H51M49.5S'"), ("duration({hours: 25})", "'PT25H'"),
        ("duration('P1M') * 1.5", "'P1M15DT5H14M33S'"), ("duration('PT1S') / 3", "'PT0.333333333S'"),
        ("duration('PT9S') / 0.3", "'PT30S'"),
        ("2 * duration('P1M1D')", "'P2M2D'"), ("duration('P1M') - duration('P1D')", "'P1M-1D'"),
    ])
}

@Test func durationsMoveInstants() throws {
    try expect([
        ("date('2024-01-31') + duration('P1M')", "'2024-02-29'"), ("date('2024-01-31') + duration('P1M1D')", "'2024-03-01'"),
        ("date('2024-01-01') - duration('PT47H')", "'2023-12-31'"), ("localtime('23:30') + duration('P5DT1H')", "'00:30'"),
        ("time('00:30+01:00') - duration('PT1H')", "'23:30+01:00'"),
        ("datetime('2017-10-28T12:00[Europe/Stockholm]') + duration('P1D')", "'2017-10-29T12:00+01:00[Europe/Stockholm]'"),
        ("datetime('2017-10-28T12:00[Europe/Stockholm]') + duration('PT24H')", "'2017-10-29T11:00+01:00[Europe/Stockholm]'"),
        ("duration.between(date('2024-01-31'), date('2024-03-01'))", "'P1M1D'"),
        ("duration.inseconds(localtime('12:00'), localtime('11:59:59.5'))", "'PT-0.5S'"),
    ])
}

@Test func componentsAreRead() throws {
    try expect([
        ("date('2021-01-01').weekYear", "2020"), ("date('2021-01-01').week", "53"), ("date('2021-01-01').quarterDay", "1"),
        ("datetime('2024-07-06T07:08[Asia/Kathmandu]').offsetMinutes", "345"), ("datetime('1969-12-31T23:59:59.5Z').epochMillis", "-500"),
        ("time('07:08Z').timezone", "'Z'"), ("duration('P19M').monthsOfYear", "7"), ("duration('P19M').quartersOfYear", "2"),
        ("duration('PT3661.5S').minutesOfHour", "1"), ("duration('PT0.5S').milliseconds", "500"), ("date('2024-01-01').hour", "null"),
    ])
}

@Test func localTimesWhereClocksChangeAreMovedAsJavaDoes() throws {
    try expect([
        // Set forward: moved by the length of the gap.
        ("datetime('2024-03-31T02:30[Europe/Stockholm]')", "'2024-03-31T03:30+02:00[Europe/Stockholm]'"),
        // Set back: the earlier of the two, unless the offset says otherwise.
        ("datetime('2024-10-27T02:30[Europe/Stockholm]')", "'2024-10-27T02:30+02:00[Europe/Stockholm]'"),
        ("datetime('2024-10-27T02:30+01:00[Europe/Stockholm]')", "'2024-10-27T02:30+01:00[Europe/Stockholm]'"),
        ("datetime('2024-10-27T02:30+01:00[Europe/Stockholm]') + duration('PT1H')", "'2024-10-27T03:30+01:00[Europe/Stockholm]'"),
        // By the rule for the future, on both sides of the equator.
        ("datetime('2500-07-01T00:00[Europe/Stockholm]')", "'2500-07-01T00:00+02:00[Europe/Stockholm]'"),
        ("datetime('2500-01-01T00:00[Australia/Sydney]')", "'2500-01-01T00:00+11:00[Australia/Sydney]'"),
        ("datetime('2500-07-01T00:00[Australia/Sydney]')", "'2500-07-01T00:00+10:00[Australia/Sydney]'"),
        ("datetime('1818-07-21T00:00[Europe/Berlin]')", "'1818-07-21T00:00+00:53:28[Europe/Berlin]'"),
    ])
}

@Test func whatMeansNothingIsAnErrorOfItsKind() {
    let wrong: [(String, String)] = [
        ("date('2023-02-29')", "InvalidArgumentValue"), ("date('2024-13-01')", "InvalidArgumentValue"),
        ("date('24')", "InvalidArgumentValue"),
        ("date('2024-0701')", "InvalidArgumentValue"), ("date('+1234567890')", "InvalidArgumentValue"),
        ("localtime('24:00')", "InvalidArgumentValue"), ("localtime('12:00+01:00')", "InvalidArgumentValue"),
        ("time('12:00+18:01')", "InvalidArgumentValue"), ("datetime('2024-01-01T00:00+05:00[Europe/Stockholm]')", "InvalidArgumentValue"),
        ("datetime('2024-01-01T00:00[Europe/Atlantis]')", "InvalidArgumentValue"),
        ("datetime('2024-01-01T00:00[../../etc/passwd]')", "InvalidArgumentValue"), ("date({month: 1})", "InvalidArgumentValue"),
        ("date({year: 2024, day: 1})", "InvalidArgumentValue"), ("date({year: 2024, week: 53})", "InvalidArgumentValue"),
        ("date({year: 2024, colour: 1})", "InvalidArgumentValue"), ("date({year: 'x'})", "InvalidArgumentType"),
        ("date({year: 1000000000})", "InvalidArgumentValue"), ("localtime({minute: 1})", "InvalidArgumentValue"),
        ("localtime({hour: 1, minute: 1, second: 1, millisecond: 1000})", "InvalidArgumentValue"), ("date(1)", "InvalidArgumentType"),
        ("date(localtime('12:00'))", "InvalidArgumentType"), ("localtime(date('2024-01-01'))", "InvalidArgumentType"),
        ("date.truncate('hour', date('2024-01-01'))", "InvalidArgumentValue"),
        ("date.truncate('fortnight', date())", "InvalidArgumentValue"),
        ("duration('P')", "InvalidArgumentValue"), ("duration('P1DT')", "InvalidArgumentValue"),
        ("duration('P1D1Y')", "InvalidArgumentValue"),
        ("duration('PT999999999999999999H')", "NumberOutOfRange"), ("duration({})", "InvalidArgumentValue"),
        ("duration('P1D') / 0", "DivisionByZero"), ("duration('P1D') * 9000000000000000000.0 * 10", "NumberOutOfRange"),
        ("date('+999999999-12-31') + duration('P1D')", "NumberOutOfRange"),
        ("date('+999999999-12-31') + duration('P1M')", "NumberOutOfRange"),
        ("duration.between(date(), duration('P1D'))", "InvalidArgumentType"),
        ("datetime.fromepoch(9000000000000000000, 0)", "NumberOutOfRange"),
    ]
    for (expression, detail) in wrong {
        do {
            let value = try TemporalExpression.evaluate(expression)
            Issue.record("\(expression) gives \(TemporalExpression.describe(value))")
        } catch let error as QueryError {
            #expect(error.detail == detail, "\(expression): \(error.message)")
        } catch {
            Issue.record("\(expression): \(error)")
        }
    }
}
