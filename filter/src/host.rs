//! The proxy-wasm host: the only place that calls it.
//!
//! Only the `*_bytes` forms of header calls are used: the `String` forms panic on values that are not UTF-8
//! (proxy-wasm-rust-sdk `hostcalls::deserialize_map`). Most calls also panic on a status that the SDK does not expect,
//! such as request headers asked for while Envoy answers itself: the exchange asks only in the phase that has them. A
//! panic ends the VM, and Envoy refuses the request.

use aegis_exchange::{Counter, Headers, Host, Side};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, MetricType};
use std::cell::{OnceCell, RefCell};
use std::time::{Duration, UNIX_EPOCH};

/// What Envoy says of an answer that the upstream gave.
const VIA_UPSTREAM: &[u8] = b"via_upstream";

/// Access logs find an exchange's report in the filter state `wasm.aegisgate`.
const EVENT: &str = "aegisgate";

/// What the names of counters have in front in Envoy's `/stats` (behind `wasmcustom.`).
const METRICS: &str = "aegisgate.";

/// Names of what is kept in the host.
const KEPT_SHARD: &str = "routes";
const KEPT_VERSION: &str = "routes_version";

thread_local! {
    /// Streams that end with the next tick. A VM has one thread.
    static DOOMED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    /// The host's numbers for all of [`Counter::ALL`], in their order.
    static COUNTERS: OnceCell<Vec<Option<u32>>> = const { OnceCell::new() };
}

/// The host of the stream whose callback runs.
pub(crate) struct ProxyHost {
    /// The stream's context.
    pub(crate) context: u32,
}

/// Ends the streams that were to end later. For the root context's tick, which no stream's callback is on the stack of.
pub(crate) fn end_doomed_streams() {
    // It takes another stream to tick again.
    report(hostcalls::set_tick_period(Duration::ZERO));
    for context in DOOMED.take() {
        // The client may have gone meanwhile.
        if hostcalls::set_effective_context(context).is_ok() {
            report(hostcalls::reset_http_response());
        }
    }
}

/// Sets a gauge of Envoy's `/stats` (as `wasmcustom.<name>`).
pub(crate) fn set_gauge(name: &str, value: u64) {
    if let Ok(id) = hostcalls::define_metric(MetricType::Gauge, name) {
        report(hostcalls::record_metric(id, value));
    }
}

/// Adds one to a counter of Envoy's `/stats` (as `wasmcustom.<name>`).
pub(crate) fn count(name: &str) {
    if let Ok(id) = hostcalls::define_metric(MetricType::Counter, name) {
        report(hostcalls::increment_metric(id, 1));
    }
}

/// Makes the counters of exchanges known to Envoy, which shows them from then on, with 0. Once for each VM.
pub(crate) fn define_counters() {
    COUNTERS.with(|counters| {
        counters.get_or_init(|| {
            let define = |counter: &Counter| {
                let name = format!("{METRICS}{}", counter.name());
                hostcalls::define_metric(MetricType::Counter, &name).ok()
            };
            Counter::ALL.iter().map(define).collect()
        });
    });
}

/// Has something under `key` in the host, for what needs a first version to replace. The VM in Envoy's main thread is
/// configured before any worker's, so no worker can be ahead of it.
pub(crate) fn share(key: &str) {
    if matches!(hostcalls::get_shared_data(key), Ok((_, None))) {
        report(hostcalls::set_shared_data(key, Some(&[]), None));
    }
}

/// Keeps the configuration with a shard of the routes in the host, for VMs that start later. Every VM has it to keep; the
/// first one does.
pub(crate) fn keep_shard(number: u8, version: &str, json: &[u8]) {
    let [shard, kept] = [KEPT_SHARD, KEPT_VERSION].map(|name| format!("{name}_{number}"));
    let last = hostcalls::get_shared_data(&kept).ok().and_then(|(value, _)| value);
    if last.as_deref() != Some(version.as_bytes()) {
        report(hostcalls::set_shared_data(&shard, Some(json), None));
        report(hostcalls::set_shared_data(&kept, Some(version.as_bytes()), None));
    }
}

/// What [`keep_shard`] kept.
pub(crate) fn kept_shard(number: u8) -> Option<Vec<u8>> {
    hostcalls::get_shared_data(&format!("{KEPT_SHARD}_{number}")).ok()?.0
}

impl Host for ProxyHost {
    fn headers(&self, side: Side) -> Headers {
        Headers(hostcalls::get_map_bytes(map(side)).unwrap_or_default())
    }

    fn set_header(&mut self, side: Side, name: &str, value: Option<&[u8]>) {
        report(hostcalls::set_map_value_bytes(map(side), name, value));
    }

    fn remove_trailers(&mut self, side: Side, prefix: &str) -> bool {
        let mut names = hostcalls::get_map_bytes(trailers(side)).unwrap_or_default();
        names.retain(|(name, _)| name.starts_with(prefix));
        for (name, _) in &names {
            report(hostcalls::remove_map_value(trailers(side), name));
        }
        !names.is_empty()
    }

    fn body(&self, side: Side, max: usize) -> Vec<u8> {
        hostcalls::get_buffer(buffer(side), 0, max).ok().flatten().unwrap_or_default()
    }

    fn replace_body(&mut self, side: Side, body: &[u8]) -> bool {
        hostcalls::set_buffer(buffer(side), 0, usize::MAX, body).is_ok()
    }

    fn reply(&mut self, status: u32, headers: &[(&str, &str)], body: &[u8]) {
        report(hostcalls::send_http_response(status, headers.to_vec(), Some(body)));
    }

    fn abort(&mut self) {
        report(hostcalls::reset_http_response());
    }

    fn abort_later(&mut self) {
        DOOMED.with_borrow_mut(|doomed| doomed.push(self.context));
        report(hostcalls::set_tick_period(Duration::from_millis(1)));
    }

    fn is_local_reply(&self) -> bool {
        // Replies of a filter have no details.
        let details = hostcalls::get_property(vec!["response", "code_details"]).ok().flatten();
        details.is_none_or(|details| details != VIA_UPSTREAM)
    }

    fn report(&mut self, event: &[u8]) {
        report(hostcalls::set_property(vec![EVENT], Some(event)));
    }

    fn count(&mut self, counter: Counter, by: u64) {
        let id = COUNTERS.with(|counters| counters.get()?.get(counter as usize).copied().flatten());
        if let Some(id) = id {
            report(hostcalls::increment_metric(id, i64::try_from(by).unwrap_or(i64::MAX)));
        }
    }

    fn peer(&self) -> Option<String> {
        let address = hostcalls::get_property(vec!["source", "address"]).ok().flatten()?;
        String::from_utf8(address).ok()
    }

    fn now(&self) -> u64 {
        let now = hostcalls::get_current_time().ok().and_then(|now| now.duration_since(UNIX_EPOCH).ok());
        now.unwrap_or_default().as_secs()
    }

    fn shared(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        let (value, version) = hostcalls::get_shared_data(key).ok()?;
        Some((value.unwrap_or_default(), version?))
    }

    fn replace_shared(&mut self, key: &str, value: &[u8], version: u32) -> bool {
        hostcalls::set_shared_data(key, Some(value), Some(version)).is_ok()
    }
}

fn map(side: Side) -> MapType {
    match side {
        Side::Request => MapType::HttpRequestHeaders,
        Side::Response => MapType::HttpResponseHeaders,
    }
}

fn trailers(side: Side) -> MapType {
    match side {
        Side::Request => MapType::HttpRequestTrailers,
        Side::Response => MapType::HttpResponseTrailers,
    }
}

fn buffer(side: Side) -> BufferType {
    match side {
        Side::Request => BufferType::HttpRequestBody,
        Side::Response => BufferType::HttpResponseBody,
    }
}

/// A failed call leaves Envoy's state as it was; whoever depends on it decides what that means.
fn report(result: Result<(), proxy_wasm::types::Status>) {
    if let Err(status) = result {
        log::warn!("aegisgate: host call failed: {status:?}");
    }
}
