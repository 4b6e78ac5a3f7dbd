// Tests of texts: prefixes, suffixes, parts, and regular expressions.

import DeedValues
import Testing

@Test func textTestsCompareBytesAndAreNullOtherwise() {
    #expect(Value.startsWith("ABCDEF", "ABC") == true)
    #expect(Value.startsWith("AB", "ABC") == false)
    #expect(Value.startsWith("", "") == true)
    #expect(Value.endsWith("abcdef", "def") == true)
    #expect(Value.endsWith("\nFoo\n", "\n") == true)
    #expect(Value.contains("ABCDEF", "CD") == true)
    #expect(Value.contains("ABCDEF", "") == true)
    #expect(Value.contains("Foo\tFoo", " ") == false)
    #expect(Value.startsWith("e\u{301}x", "e") == true)
    #expect(Value.contains("\u{e9}", "e\u{301}") == false)
    let operands: [Value] = [1, 3.14, true, [], [:], nil]
    for left in operands + ["a"] {
        for right in operands {
            #expect(Value.contains(left, right) == nil && Value.startsWith(left, right) == nil && Value.endsWith(left, right) == nil)
        }
    }
}

@Test func searchingStaysCorrectWhereItChangesItsWay() {
    let text = String(repeating: "a", count: 20_000) + "b" + String(repeating: "a", count: 10)
    #expect(Value.contains(.string(text), .string(String(repeating: "a", count: 5_000) + "b")) == true)
    #expect(Value.contains(.string(text), .string(String(repeating: "a", count: 5_000) + "bb")) == false)
    #expect(Value.contains(.string(text), .string("b" + String(repeating: "a", count: 10))) == true)
}

@Test func regularExpressionsMatchTheWholeText() throws {
    let table: [(pattern: String, matching: [String], others: [String])] = [
        ("", [""], ["a"]), ("abc", ["abc"], ["ab", "abcd", "xabc"]), ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("a*", ["", "aaa"], ["b"]), ("a+?", ["a", "aa"], [""]), ("ab?c", ["ac", "abc"], ["abbc"]),
        ("a{2}", ["aa"], ["a", "aaa"]), ("a{2,}", ["aa", "aaaa"], ["a"]), ("a{1,3}?", ["a", "aaa"], ["", "aaaa"]),
        ("(ab)+", ["ab", "abab"], ["aba"]), ("(?:a|b)*c", ["c", "abbac"], ["ab"]), ("(?<name>x)y", ["xy"], ["x"]),
        ("(a*)*", ["", "aaa"], ["b"]), ("(a|)+b", ["b", "aab"], ["a"]), (".*", ["", "x\u{10000}y"], ["a\nb", "\n"]),
        ("(?s).*", ["a\nb"], []), ("(?i)Tim", ["tim", "TIM"], ["tam"]), ("(?i)[a-c]é", ["BÉ", "cé"], ["dé"]),
        ("a(?i)b", ["aB", "ab"], ["AB"]), ("(?i:a)b", ["Ab"], ["AB"]), ("(?i)a(?-i)b", ["Ab"], ["AB"]),
        ("[abc-e]+", ["abcde"], ["f", "-"]), ("[^abc]", ["d", "\n"], ["a", ""]), ("[]a]", ["]", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]), ("[a-c[x-z]]", ["b", "y"], ["m"]), ("[a-z&&[^b]]", ["a", "c"], ["b", "A"]),
        ("[\\d\\-x]", ["5", "-", "x"], ["a"]), ("\\d+\\.\\d*", ["12.5", "1."], ["12", ".5"]), ("\\w+", ["a_1Z"], ["é", "a b"]),
        ("\\s\\S\\D\\W", [" ax!"], ["aaaa"]), ("^a$", ["a"], ["b"]), ("\\Aa\\z", ["a"], ["ab"]), ("a^b", [], ["ab"]),
        ("(?m)a\n^b$", ["a\nb"], ["a b"]), ("a$\n", ["a\n"], ["a"]), ("\\bfoo\\b.*", ["foo", "foo bar"], ["foobar"]),
        (".*\\Boo", ["foo"], ["oo"]), ("\\Qa.b\\E.", ["a.bc"], ["axbc"]), ("\\x41\\u0042\\x{1F600}", ["AB😀"], ["AB"]),
        ("\\p{L}+", ["aéÖ"], ["a1"]), ("\\p{Lu}\\P{Lu}", ["Éa"], ["aa"]), ("\\pN", ["5", "٣"], ["a"]),
        ("[\\p{Alpha}]\\p{Punct}", ["a!"], ["1!"]), ("\\t\\n\\\\\\.", ["\t\n\\."], ["tn\\."]), ("é.", ["éx"], ["e\u{301}x"]),
        (".*@.*\\.com", ["a@b.com"], ["a@b.org"]), ("a.c", ["abc", "a😀c"], ["ac", "a\rc"]), ("\\R", ["\r\n", "\n"], ["a"]),
        ("}]", ["}]"], []), ("(?u)a", ["a"], ["A"]),
    ]
    for (pattern, matching, others) in table {
        let expression = try RegularExpression(pattern)
        for text in matching { #expect(try expression.matches(text), "\(pattern) and \(text)") }
        for text in others { #expect(try !expression.matches(text), "\(pattern) and \(text)") }
    }
}

@Test func brokenRegularExpressionsAreErrors() {
    let broken = [
        "(", ")", "a)", "[", "[a", "[b-a]", "*", "a**", "a{", "a{2", "a{3,2}", "a{x}", "\\", "\\1", "(?=a)", "(?!a)", "(?<=a)",
        "(?>a)", "a*+", "\\p{Nothing}", "\\p{", "(?x)a", "(?<n", "\\u12", "\\x{110000}", "\\y", "a{999999999999999999999}",
        "((a{1000}){1000}){1000}", "((((a{0}){1000}){1000}){1000}){1000}", String(repeating: "(", count: 100_000),
        String(repeating: "(", count: 1_000) + String(repeating: ")", count: 1_000), String(repeating: "[", count: 1_000),
    ]
    for pattern in broken {
        expectError(.argumentError, "InvalidRegularExpression", pattern.prefix(20).description) {
            .bool(try RegularExpression(pattern).matches(""))
        }
    }
}

@Test func noPatternTakesMoreThanLinearTime() throws {
    // A backtracking engine would need 2^30 steps and more.
    let text = String(repeating: "a", count: 5_000)
    #expect(try !RegularExpression("(a+)+b").matches(text))
    #expect(try !RegularExpression("(a|a)*b").matches(text))
    #expect(try !RegularExpression("(a?){30}a{30}b").matches(text))
    #expect(try RegularExpression("(a*)*(a*)*(a*)*").matches(text))
}

@Test func thePatternCacheFollowsThePattern() throws {
    var cache = PatternCache()
    #expect(try Value.matches("abc", "a.c", &cache) == true)
    #expect(try Value.matches("abc", "a.c", &cache) == true)
    #expect(try Value.matches("abc", "a.d", &cache) == false)
    #expect(try Value.matches("abc", nil, &cache) == nil)
    #expect(try Value.matches(1, "1", &cache) == nil)
}
