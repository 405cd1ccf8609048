use super::*;

#[track_caller]
fn check(text: &str, unix_seconds: i64, nanoseconds: u32, printed: &str) {
    let time = Time::parse_rfc3339(text).expect(text);
    assert_eq!((time.unix_seconds(), time.nanoseconds(), time.to_string().as_str()), (unix_seconds, nanoseconds, printed));
    assert_eq!(Time::parse_rfc3339(printed), Ok(time));
}

#[track_caller]
fn check_refused(text: &str, words: &str) {
    assert_eq!(Time::parse_rfc3339(text).expect_err(text).to_string(), words);
}

#[test]
fn a_time_is_read_and_printed_as_go_does() {
    check("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z");
    check("0001-01-01T00:00:00Z", -62_135_596_800, 0, "0001-01-01T00:00:00Z");
    check("2000-02-29T23:59:59.120Z", 951_868_799, 120_000_000, "2000-02-29T23:59:59.12Z");
    check("2026-11-23T06:27:34+08:00", 1_795_386_454, 0, "2026-11-23T06:27:34+08:00");
    check("2026-11-23T06:27:34-00:30", 1_795_417_054, 0, "2026-11-23T06:27:34-00:30");
    check("2026-11-23T06:27:34+00:00", 1_795_415_254, 0, "2026-11-23T06:27:34Z");
    check("2026-11-23T06:27:34.12345678987Z", 1_795_415_254, 123_456_789, "2026-11-23T06:27:34.123456789Z");
    check("9999-12-31T23:59:59Z", 253_402_300_799, 0, "9999-12-31T23:59:59Z");
}

#[test]
fn go_is_lenient_with_hour_comma_and_offset() {
    check("2026-11-23T6:27:34,5Z", 1_795_415_254, 500_000_000, "2026-11-23T06:27:34.5Z");
    assert_eq!(Time::parse_rfc3339("2026-11-23T06:27:34+24:60").map(|time| time.unix_seconds()), Ok(1_795_325_254));
}

#[test]
fn what_is_no_time_is_refused_in_the_words_of_go() {
    let layout = r#"as "2006-01-02T15:04:05Z07:00""#;
    check_refused("", &format!(r#"parsing time "" {layout}: cannot parse "" as "2006""#));
    check_refused("2026", &format!(r#"parsing time "2026" {layout}: cannot parse "" as "-""#));
    check_refused("2026-1-01", &format!(r#"parsing time "2026-1-01" {layout}: cannot parse "1-01" as "01""#));
    check_refused("2026-13-01", r#"parsing time "2026-13-01": month out of range"#);
    check_refused("2026-02-29T00:00:00Z", r#"parsing time "2026-02-29T00:00:00Z": day out of range"#);
    check_refused("2026-02-01T24:00:00Z", r#"parsing time "2026-02-01T24:00:00Z": hour out of range"#);
    check_refused("2026-02-01T00:00:60Z", r#"parsing time "2026-02-01T00:00:60Z": second out of range"#);
    check_refused("2026-02-01 00:00", &format!(r#"parsing time "2026-02-01 00:00" {layout}: cannot parse " 00:00" as "T""#));
    check_refused("2026-02-01T00:00:00Zé", r#"parsing time "2026-02-01T00:00:00Z\xc3\xa9": extra text: "\xc3\xa9""#);
    check_refused("2026-02-01T00:00:00+25:00", r#"parsing time "2026-02-01T00:00:00+25:00": time zone offset hour out of range"#);
    check_refused("2026-02-01T00:00:00", &format!(r#"parsing time "2026-02-01T00:00:00" {layout}: cannot parse "" as "Z07:00""#));
}

#[test]
fn a_timestamp_is_fourteen_digits_of_utc() {
    let time = Time::parse_timestamp("20261123062734").expect("a time");
    assert_eq!((time.to_string().as_str(), time.timestamp().as_str()), ("2026-11-23T06:27:34Z", "20261123062734"));
    assert_eq!(Time::ZERO.timestamp(), "00010101000000");
    for bad in [
        "",
        "2026112306273",
        "202611230627345",
        "20261323062734",
        "20260230062734",
        "20261123242734",
        "2026112306273a",
        "+2026112306273",
    ] {
        assert_eq!(Time::parse_timestamp(bad), None, "{bad}");
    }
}

#[test]
fn every_day_of_eight_hundred_years_survives_the_round_trip() {
    for day in -146_097..146_097 {
        let (year, month, of_month) = civil_from_days(day);
        assert_eq!(days_from_civil(year, month, of_month), day);
        assert!((1..=days_in_month(year, month)).contains(&of_month));
    }
}

#[test]
fn times_are_compared_as_moments() {
    let [east, west] =
        ["2026-01-01T08:00:00+08:00", "2025-12-31T23:00:00-01:00"].map(|text| Time::parse_rfc3339(text).expect("a time"));
    assert_eq!(east, west);
    assert_eq!(east.in_utc().to_string(), "2026-01-01T00:00:00Z");
    assert!(Time::ZERO < east);
}
