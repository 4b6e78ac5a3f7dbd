// Putting temporal values together from their parts, and taking them apart.
//
// Every instant is, inside, a local date (days) and a local time of day (nanoseconds), with a zone where it has one.

extension LocalDatetime {
    /// Safe: wraps only for days that no year within range has.
    init(days: Int64, nanosecondOfDay: Int64) {
        let (seconds, nanoseconds) = floorDivide(nanosecondOfDay, CivilCalendar.nanosecondsPerSecond)
        self.init(seconds: days &* CivilCalendar.secondsPerDay &+ seconds, nanoseconds: UInt32(nanoseconds))
    }

    var days: Int64 { floorDivide(seconds, CivilCalendar.secondsPerDay).quotient }

    var nanosecondOfDay: Int64 {
        floorDivide(seconds, CivilCalendar.secondsPerDay).remainder * CivilCalendar.nanosecondsPerSecond + Int64(nanoseconds)
    }
}

extension ZonedDatetime {
    convenience init(_ local: LocalDatetime, in zone: Zone, preferring offset: Int32? = nil) {
        let moment = zone.resolve(local: local.seconds, preferring: offset)
        self.init(seconds: moment.seconds, nanoseconds: local.nanoseconds, offset: moment.offset, zone: zone.name)
    }

    convenience init(seconds: Int64, nanoseconds: UInt32, in zone: Zone) {
        self.init(seconds: seconds, nanoseconds: nanoseconds, offset: zone.offset(at: seconds), zone: zone.name)
    }

    var local: LocalDatetime { LocalDatetime(seconds: seconds &+ Int64(offset), nanoseconds: nanoseconds) }

    func converted(to zone: Zone) -> ZonedDatetime { ZonedDatetime(seconds: seconds, nanoseconds: nanoseconds, in: zone) }
}

extension ZonedTime {
    /// The same moment of any day by the clock of another offset.
    func converted(to offset: Int32) -> ZonedTime {
        let shift = (Int64(offset) - Int64(self.offset)) * CivilCalendar.nanosecondsPerSecond
        return ZonedTime(nanoseconds: floorDivide(nanoseconds &+ shift, CivilCalendar.nanosecondsPerDay).remainder, offset: offset)
    }
}

/// What an instant consists of. Nil for what it does not have.
struct TemporalParts {
    var days: Int64?
    var nanosecondOfDay: Int64?
    /// The zone, and the offset in force where the zone is a named one.
    var zone: Zone?
    var offset: Int32?

    /// Nil if the value is no instant.
    init?(_ value: Value) throws(QueryError) {
        switch value {
        case .date(let date): days = date.days
        case .localTime(let time): nanosecondOfDay = time.nanoseconds
        case .zonedTime(let time):
            nanosecondOfDay = time.nanoseconds
            (zone, offset) = (.offset(time.offset), time.offset)
        case .localDatetime(let local): (days, nanosecondOfDay) = (local.days, local.nanosecondOfDay)
        case .zonedDatetime(let zoned):
            (days, nanosecondOfDay) = (zoned.local.days, zoned.local.nanosecondOfDay)
            (zone, offset) = (try .of(zoned), zoned.offset)
        default: return nil
        }
    }
}

extension FunctionContext {
    func defaultZone() throws(QueryError) -> Zone { try .parse(zone) }

    /// `given`, or the default. (`??` would lose the type of the error.)
    func zone(_ given: Zone?) throws(QueryError) -> Zone {
        if let given { return given }
        return try defaultZone()
    }

    func now(in zone: Zone) -> ZonedDatetime { ZonedDatetime(seconds: seconds, nanoseconds: nanoseconds, in: zone) }
}

extension Value {
    /// For messages.
    var temporalTypeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .float: "a float"
        case .decimal: "a decimal"
        case .string: "a string"
        case .bytes: "bytes"
        case .list: "a list"
        case .map: "a map"
        case .date: "a date"
        case .localTime: "a local time"
        case .zonedTime: "a time"
        case .localDatetime: "a local datetime"
        case .zonedDatetime: "a datetime"
        case .duration: "a duration"
        case .vector: "a vector"
        case .entity: "a node"
        case .relationship: "a relationship"
        case .path: "a path"
        }
    }
}
