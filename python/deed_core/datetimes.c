/* datetimes.c - dates, times and durations between Python and the engine, in both directions.
 *
 *  datetime.date                 DATE
 *  datetime.time                 LOCAL_TIME, or ZONED_TIME if its tzinfo has a fixed offset
 *  datetime.datetime             LOCAL_DATETIME, or ZONED_DATETIME; the name of a zoneinfo.ZoneInfo is kept
 *  datetime.timedelta            DURATION of seconds, without months and days
 *  deed_core.Duration            DURATION
 *  deed_core.Temporal            any of the first four
 *
 * The engine's range is wider than Python's: nanoseconds, years beyond 1 to 9999, months in durations. A value that the
 * datetime module cannot hold exactly is read back as Temporal or Duration, which hold all of it, and never rounded.
 */
#include "deed_core.h"

#include <datetime.h>

#define SECONDS_PER_DAY 86400
#define NANOSECONDS_PER_SECOND 1000000000LL
#define DAYS_MIN (-719162)  /* 0001-01-01 */
#define DAYS_MAX 2932896    /* 9999-12-31 */
#define DELTA_DAYS_MAX 999999999

/* datetime.h keeps its API in a static variable of each file that includes it: the reason why all of it is in this one. */
int
datetimes_init(void)
{
    PyDateTime_IMPORT;
    return PyDateTimeAPI != NULL ? 0 : -1;
}

/* ---- The calendar (Howard Hinnant, "chrono-compatible low-level date algorithms") ------------------------------ */

static int64_t
days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* For days between DAYS_MIN and DAYS_MAX. */
static void
civil_from_days(int64_t days, int *out_year, int *out_month, int *out_day)
{
    days += 719468;
    int64_t era = days / 146097; /* not negative in Python's range of years */
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *out_day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *out_month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *out_year = (int)(year_of_era + era * 400 + (*out_month <= 2));
}

/* ---- Python -> engine ---------------------------------------------------------------------------------------- */

/* The offset from UTC in seconds. 1: none, because there is no tzinfo. */
static int
utc_offset(Conversion *conversion, PyObject *object, PyObject *zone, int32_t *out_offset)
{
    if (zone == Py_None)
        return 1;
    PyObject *delta = PyObject_CallMethodNoArgs(object, attributes.utcoffset);
    if (delta == NULL)
        return -1;
    if (!PyDelta_Check(delta)) {
        Py_DECREF(delta);
        raise_status(conversion->state, DEED_TYPE_MISMATCH, "its tzinfo %R gives %R no offset from UTC", zone, object);
        return -1;
    }
    bool whole = PyDateTime_DELTA_GET_MICROSECONDS(delta) == 0;
    *out_offset = PyDateTime_DELTA_GET_DAYS(delta) * SECONDS_PER_DAY + PyDateTime_DELTA_GET_SECONDS(delta);
    Py_DECREF(delta);
    if (!whole) {
        raise_status(conversion->state, DEED_TYPE_MISMATCH, "an offset from UTC is a whole number of seconds");
        return -1;
    }
    return 0;
}

/* The name of a zoneinfo.ZoneInfo, kept by the conversion; other zones have none. */
static int
zone_name(Conversion *conversion, PyObject *zone, deed_value *out_value)
{
    if (!PyObject_TypeCheck(zone, (PyTypeObject *)conversion->state->zone_type))
        return 0;
    PyObject *key = PyObject_GetAttr(zone, attributes.key);
    if (conversion_keep(conversion, key) < 0)
        return -1;
    if (!PyUnicode_Check(key)) /* ZoneInfo.from_file without a key */
        return 0;
    size_t size;
    out_value->as.datetime.zone = text_of(conversion->state, key, &size);
    if (out_value->as.datetime.zone == NULL)
        return -1;
    if (size > UINT16_MAX) {
        raise_status(conversion->state, DEED_INVALID_ARGUMENT, "the name of a time zone is too long");
        return -1;
    }
    out_value->as.datetime.zone_size = (uint32_t)size;
    return 0;
}

/* The nanoseconds below the microsecond that pandas.Timestamp, a subclass of datetime, has. */
static int
extra_nanoseconds(PyObject *object, uint32_t *out_nanoseconds)
{
    *out_nanoseconds = 0;
    if (PyDateTime_CheckExact(object))
        return 0;
    PyObject *attribute = PyObject_GetAttr(object, attributes.nanosecond);
    if (attribute == NULL) {
        PyErr_Clear();
        return 0;
    }
    long nanoseconds = PyLong_AsLong(attribute);
    Py_DECREF(attribute);
    if (nanoseconds == -1 && PyErr_Occurred())
        return -1;
    *out_nanoseconds = nanoseconds >= 0 && nanoseconds < 1000 ? (uint32_t)nanoseconds : 0;
    return 0;
}

/* Whether it is pandas.NaT, a datetime that does not equal itself. */
static int
is_not_a_time(PyObject *object)
{
    if (PyDateTime_CheckExact(object))
        return 0;
    PyObject *equal = PyObject_RichCompare(object, object, Py_EQ);
    int truth = equal != NULL ? PyObject_IsTrue(equal) : -1;
    Py_XDECREF(equal);
    return truth < 0 ? -1 : !truth;
}

static int
convert_datetime(Conversion *conversion, PyObject *object, deed_value *out_value)
{
    int absent = is_not_a_time(object);
    if (absent != 0) {
        out_value->type = DEED_NULL;
        return absent < 0 ? -1 : 0;
    }
    uint32_t nanoseconds;
    if (extra_nanoseconds(object, &nanoseconds) < 0)
        return -1;
    int64_t days = days_from_civil(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object), PyDateTime_GET_DAY(object));
    int64_t seconds = PyDateTime_DATE_GET_HOUR(object) * 3600 + PyDateTime_DATE_GET_MINUTE(object) * 60 +
                      PyDateTime_DATE_GET_SECOND(object);
    PyObject *zone = PyDateTime_DATE_GET_TZINFO(object);
    int32_t offset = 0;
    int local = utc_offset(conversion, object, zone, &offset);
    if (local < 0)
        return -1;
    out_value->type = local ? DEED_LOCAL_DATETIME : DEED_ZONED_DATETIME;
    out_value->extra = offset;
    out_value->as.datetime.seconds = days * SECONDS_PER_DAY + seconds - offset;
    out_value->as.datetime.nanoseconds = (uint32_t)PyDateTime_DATE_GET_MICROSECOND(object) * 1000 + nanoseconds;
    out_value->as.datetime.zone_size = 0;
    out_value->as.datetime.zone = NULL;
    return local ? 0 : zone_name(conversion, zone, out_value);
}

static int
convert_time(Conversion *conversion, PyObject *object, deed_value *out_value)
{
    int local = utc_offset(conversion, object, PyDateTime_TIME_GET_TZINFO(object), &out_value->extra);
    if (local < 0)
        return -1;
    int64_t seconds = PyDateTime_TIME_GET_HOUR(object) * 3600 + PyDateTime_TIME_GET_MINUTE(object) * 60 +
                      PyDateTime_TIME_GET_SECOND(object);
    out_value->type = local ? DEED_LOCAL_TIME : DEED_ZONED_TIME;
    out_value->as.integer = seconds * NANOSECONDS_PER_SECOND + PyDateTime_TIME_GET_MICROSECOND(object) * 1000;
    return 0;
}

int
convert_datetime_value(Conversion *conversion, PyObject *object, deed_value *out_value)
{
    if (PyDateTime_Check(object))
        return convert_datetime(conversion, object, out_value);
    if (PyDate_Check(object)) {
        out_value->type = DEED_DATE;
        out_value->as.integer =
            days_from_civil(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object), PyDateTime_GET_DAY(object));
        return 0;
    }
    if (PyTime_Check(object))
        return convert_time(conversion, object, out_value);
    if (PyDelta_Check(object)) {
        out_value->type = DEED_DURATION;
        out_value->as.duration.months = 0;
        out_value->as.duration.days = 0; /* calendar days; those of a timedelta are 86,400 seconds */
        out_value->as.duration.seconds =
            (int64_t)PyDateTime_DELTA_GET_DAYS(object) * SECONDS_PER_DAY + PyDateTime_DELTA_GET_SECONDS(object);
        out_value->extra = PyDateTime_DELTA_GET_MICROSECONDS(object) * 1000;
        return 0;
    }
    if (Py_IS_TYPE(object, conversion->state->duration_type)) {
        duration_value(object, out_value);
        return 0;
    }
    if (Py_IS_TYPE(object, conversion->state->temporal_type))
        return temporal_value(conversion->state, object, out_value);
    return 1;
}

/* ---- Engine -> Python ---------------------------------------------------------------------------------------- */

/* A datetime.timezone; NULL without an exception if Python has none so far from UTC. */
static PyObject *
timezone_new(int32_t offset)
{
    if (offset == 0)
        return Py_NewRef(PyDateTime_TimeZone_UTC);
    if (offset <= -SECONDS_PER_DAY || offset >= SECONDS_PER_DAY)
        return NULL;
    PyObject *delta = PyDelta_FromDSU(0, offset, 0);
    PyObject *zone = delta != NULL ? PyTimeZone_FromOffset(delta) : NULL;
    Py_XDECREF(delta);
    return zone;
}

/* A datetime from seconds since 1970 in the given zone (None for none); NULL without an exception outside the range. */
static PyObject *
datetime_new(int64_t seconds, uint32_t nanoseconds, PyObject *zone)
{
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t rest = seconds % SECONDS_PER_DAY;
    if (rest < 0) {
        rest += SECONDS_PER_DAY;
        days--;
    }
    if (days < DAYS_MIN || days > DAYS_MAX || nanoseconds % 1000 != 0 || nanoseconds >= NANOSECONDS_PER_SECOND)
        return NULL;
    int year, month, day;
    civil_from_days(days, &year, &month, &day);
    return PyDateTimeAPI->DateTime_FromDateAndTime(year, month, day, (int)(rest / 3600), (int)(rest / 60 % 60),
                                                   (int)(rest % 60), (int)(nanoseconds / 1000), zone,
                                                   PyDateTimeAPI->DateTimeType);
}

/* A datetime in a named zone; NULL without an exception if this machine does not know the zone. */
static PyObject *
datetime_in_zone(ModuleState *state, const deed_value *value)
{
    PyObject *utc = datetime_new(value->as.datetime.seconds, value->as.datetime.nanoseconds, PyDateTime_TimeZone_UTC);
    if (utc == NULL)
        return NULL;
    PyObject *result = NULL;
    PyObject *zone = PyObject_CallFunction(state->zone_type, "s#", value->as.datetime.zone,
                                           (Py_ssize_t)value->as.datetime.zone_size);
    if (zone != NULL)
        result = PyObject_CallMethodOneArg(utc, attributes.astimezone, zone);
    Py_XDECREF(zone);
    Py_DECREF(utc);
    if (result == NULL && !PyErr_ExceptionMatches(PyExc_MemoryError))
        PyErr_Clear(); /* an unknown name, or a local time outside the range */
    return result;
}

static PyObject *
zoned_datetime_to_python(ModuleState *state, const deed_value *value)
{
    int64_t seconds;
    if (value->as.datetime.zone_size > 0)
        return datetime_in_zone(state, value);
    if (__builtin_add_overflow(value->as.datetime.seconds, (int64_t)value->extra, &seconds))
        return NULL;
    PyObject *zone = timezone_new(value->extra);
    if (zone == NULL)
        return NULL;
    PyObject *result = datetime_new(seconds, value->as.datetime.nanoseconds, zone);
    Py_DECREF(zone);
    return result;
}

static PyObject *
time_to_python(const deed_value *value)
{
    int64_t nanoseconds = value->as.integer;
    int64_t seconds = nanoseconds / NANOSECONDS_PER_SECOND;
    if (nanoseconds < 0 || seconds >= SECONDS_PER_DAY || nanoseconds % 1000 != 0)
        return NULL;
    PyObject *zone = value->type == DEED_ZONED_TIME ? timezone_new(value->extra) : Py_NewRef(Py_None);
    if (zone == NULL)
        return NULL;
    PyObject *result = PyDateTimeAPI->Time_FromTime(
        (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
        (int)(nanoseconds % NANOSECONDS_PER_SECOND / 1000), zone, PyDateTimeAPI->TimeType);
    Py_DECREF(zone);
    return result;
}

/* A timedelta if it has only what a timedelta becomes, so that both types read back as themselves. */
static PyObject *
duration_to_python(ModuleState *state, const deed_value *value)
{
    int64_t seconds = value->as.duration.seconds;
    int64_t days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
    bool is_delta = value->as.duration.months == 0 && value->as.duration.days == 0 && value->extra >= 0 &&
                    value->extra < NANOSECONDS_PER_SECOND && value->extra % 1000 == 0 && days >= -DELTA_DAYS_MAX &&
                    days <= DELTA_DAYS_MAX;
    if (is_delta)
        return PyDelta_FromDSU((int)days, (int)(seconds - days * SECONDS_PER_DAY), value->extra / 1000);
    return duration_new(state, value->as.duration.months, value->as.duration.days, seconds, value->extra);
}

PyObject *
datetime_value_to_python(ModuleState *state, const deed_value *value)
{
    PyObject *result = NULL;
    switch (value->type) {
    case DEED_DATE:
        if (value->as.integer >= DAYS_MIN && value->as.integer <= DAYS_MAX) {
            int year, month, day;
            civil_from_days(value->as.integer, &year, &month, &day);
            result = PyDate_FromDate(year, month, day);
        }
        break;
    case DEED_LOCAL_TIME:
    case DEED_ZONED_TIME:
        result = time_to_python(value);
        break;
    case DEED_LOCAL_DATETIME:
        result = datetime_new(value->as.datetime.seconds, value->as.datetime.nanoseconds, Py_None);
        break;
    case DEED_ZONED_DATETIME:
        result = zoned_datetime_to_python(state, value);
        break;
    case DEED_DURATION:
        return duration_to_python(state, value);
    default:
        return raise_status(state, DEED_INTERNAL, "the engine returned a value of the unknown type %u", (unsigned)value->type);
    }
    if (result != NULL || PyErr_Occurred())
        return result;
    return temporal_new(state, value);
}

/* ---- Points in time ------------------------------------------------------------------------------------------ */

PyObject *
utc_from_microseconds(int64_t microseconds)
{
    int64_t seconds = microseconds / 1000000;
    int64_t rest = microseconds % 1000000;
    if (rest < 0) {
        rest += 1000000;
        seconds--;
    }
    PyObject *result = datetime_new(seconds, (uint32_t)rest * 1000, PyDateTime_TimeZone_UTC);
    if (result == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_OverflowError, "a commit time beyond what datetime can hold");
    return result;
}

int
microseconds_from_datetime(ModuleState *state, PyObject *datetime, int64_t *out_microseconds)
{
    if (!PyDateTime_Check(datetime) || PyDateTime_DATE_GET_TZINFO(datetime) == Py_None) {
        raise_status(state, DEED_INVALID_ARGUMENT, "a point in time is a datetime with a time zone, not %R", datetime);
        return -1;
    }
    PyObject *utc = PyObject_CallMethodOneArg(datetime, attributes.astimezone, PyDateTime_TimeZone_UTC);
    if (utc == NULL)
        return -1;
    int64_t days = days_from_civil(PyDateTime_GET_YEAR(utc), PyDateTime_GET_MONTH(utc), PyDateTime_GET_DAY(utc));
    int64_t seconds = days * SECONDS_PER_DAY + PyDateTime_DATE_GET_HOUR(utc) * 3600 + PyDateTime_DATE_GET_MINUTE(utc) * 60 +
                      PyDateTime_DATE_GET_SECOND(utc);
    *out_microseconds = seconds * 1000000 + PyDateTime_DATE_GET_MICROSECOND(utc);
    Py_DECREF(utc);
    return 0;
}
