//! HTTP Archives, which browsers and other tools read.
//!
//! Source: HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>; what is optional there and unknown here is left out, and -1 stands where
//! it says so for what is unknown.

use serde::Serialize;

/// A whole archive.
#[derive(Clone, Debug, Serialize)]
pub struct Har {
    /// Its only member.
    pub log: Log,
}

/// What was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// `1.2`.
    pub version: &'static str,
    /// Who wrote it.
    pub creator: Creator,
    /// The pages to which entries belong.
    pub pages: Vec<Page>,
    /// The requests, in the order in which they began.
    pub entries: Vec<Entry>,
    /// A remark.
    pub comment: String,
}

/// Who wrote an archive.
#[derive(Clone, Debug, Serialize)]
pub struct Creator {
    /// The program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What the requests were for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// When it began, as ISO 8601.
    pub started_date_time: String,
    /// Its name among the pages.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its times.
    pub page_timings: PageTimings,
}

/// The times of a page, in milliseconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageTimings {
    /// Until all was there.
    pub on_load: f64,
}

/// One request with its answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The page it belongs to.
    pub pageref: String,
    /// When it began, as ISO 8601.
    pub started_date_time: String,
    /// All of its time, in milliseconds: the sum of its timings.
    pub time: f64,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub response: Response,
    /// Nothing is known of caches.
    pub cache: Empty,
    /// The parts of its time.
    pub timings: Timings,
    /// The address that answered.
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    pub server_ip_address: Option<String>,
    /// A remark.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// `{}`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

/// What was asked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The protocol's version.
    pub http_version: String,
    /// Always empty here.
    pub cookies: [Empty; 0],
    /// Header fields.
    pub headers: Vec<Pair>,
    /// The parts of the URL's query.
    pub query_string: Vec<Pair>,
    /// -1: not known.
    pub headers_size: i64,
    /// Bytes of the body.
    pub body_size: i64,
}

/// What was answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// 0 if there was no answer.
    pub status: u16,
    /// The words behind it.
    pub status_text: String,
    /// The protocol's version.
    pub http_version: String,
    /// Always empty here.
    pub cookies: [Empty; 0],
    /// Header fields.
    pub headers: Vec<Pair>,
    /// The body, as far as it is known.
    pub content: Content,
    /// Where it leads; empty if nowhere.
    #[serde(rename = "redirectURL")]
    pub redirect_url: String,
    /// -1: not known.
    pub headers_size: i64,
    /// Bytes of the body as they came.
    pub body_size: i64,
    /// Why there was no answer.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The body of an answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Bytes.
    pub size: i64,
    /// Its type.
    pub mime_type: String,
    /// Its beginning, if it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A name and its value.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The parts of a time in milliseconds; -1 for what did not happen. `ssl` is a part of `connect`, too.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timings {
    /// Waiting for a connection that others use.
    pub blocked: f64,
    /// Looking up the name.
    pub dns: f64,
    /// Connecting, TLS included.
    pub connect: f64,
    /// TLS.
    pub ssl: f64,
    /// Sending the request.
    pub send: f64,
    /// Waiting for the answer.
    pub wait: f64,
    /// Receiving it.
    pub receive: f64,
}

impl Har {
    /// The archive as text, with a newline at the end.
    pub fn text(&self) -> String {
        // Numbers and texts: nothing in it can fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
