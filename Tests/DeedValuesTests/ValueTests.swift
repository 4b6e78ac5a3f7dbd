// Values as such.

import DeedValues
import Testing

@Test func aMapFindsItsKeysByCodePoint() {
    let map = MapValue(keys: ["e\u{301}", "a"], values: [.int(1), .int(2)])
    #expect(map["\u{e9}"] == nil)
    if case .int(let value)? = map["e\u{301}"] { #expect(value == 1) } else { Issue.record("no value") }
}
