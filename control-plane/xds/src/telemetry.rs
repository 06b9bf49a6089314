//! What Envoys say of themselves: an entry for each exchange, and their statistics.

use crate::fleet::Fleet;
use crate::session::Part;
use envoy_types::pb::envoy::data::accesslog::v3::{AccessLogCommon, HttpAccessLogEntry};
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server::AccessLogService;
use envoy_types::pb::envoy::service::accesslog::v3::{
    StreamAccessLogsMessage, StreamAccessLogsResponse, stream_access_logs_message,
};
use envoy_types::pb::envoy::service::metrics::v3::metrics_service_server::MetricsService;
use envoy_types::pb::envoy::service::metrics::v3::{StreamMetricsMessage, StreamMetricsResponse};
use envoy_types::pb::google::protobuf::{Duration, Timestamp};
use envoy_types::pb::io::prometheus::client::MetricFamily;
use prost::Message as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// One exchange, as the filter and its Envoy report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeReport {
    /// The Envoy.
    pub node: String,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// Its id.
    pub request_id: String,
    /// The status of the answer; 0 if there was none.
    pub status: u32,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// Until the answer's last byte had left.
    pub milliseconds: u64,
    /// From the request's last byte that arrived to its first byte that left.
    pub held_microseconds: u64,
    /// What the filter says, in JSON.
    pub event: Vec<u8>,
}

/// Takes reports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReportSink {
    reports: mpsc::Sender<ExchangeReport>,
    lost: Arc<AtomicU64>,
}

/// The services of one control plane.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    pub(crate) fleet: Fleet,
    pub(crate) sink: ReportSink,
}

/// Where the filter's host keeps its report.
const REPORT: &str = "wasm.aegisgate";

/// The statistics that matter here.
const ROUTES_REVISION: &str = "wasmcustom.aegisgate.routes_revision";
const POLICIES_REVISION: &str = "wasmcustom.aegisgate.policies_revision";
/// (`vm_reload` itself stays 0 in Envoy 1.40.)
const VM_RELOADS: &str = "wasm.aegisgate.vm_reload_success";
const LOGS_DROPPED: &str = "access_logs.grpc_access_log.logs_dropped";
const OTLP_DROPPED: &str = "access_logs.open_telemetry_access_log.aegisgate.logs_dropped";

// === impl ReportSink ===

impl ReportSink {
    /// A sink with room for so many reports, and where they come out.
    pub fn new(room: usize) -> (ReportSink, mpsc::Receiver<ExchangeReport>) {
        let (reports, receiver) = mpsc::channel(room);
        (ReportSink { reports, lost: Arc::default() }, receiver)
    }

    /// How many reports were thrown away because nobody took them fast enough.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn put(&self, report: ExchangeReport) {
        if self.reports.try_send(report).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// === impl Telemetry ===

#[tonic::async_trait]
impl AccessLogService for Telemetry {
    async fn stream_access_logs(
        &self,
        request: Request<Streaming<StreamAccessLogsMessage>>,
    ) -> Result<Response<StreamAccessLogsResponse>, Status> {
        let mut messages = request.into_inner();
        let mut node = String::new();
        while let Some(message) = messages.message().await? {
            // Only the first message of a stream says who sends it.
            if let Some(sender) = message.identifier.and_then(|identifier| identifier.node) {
                node = sender.id;
            }
            if let Some(stream_access_logs_message::LogEntries::HttpLogs(entries)) = message.log_entries {
                for entry in entries.log_entry {
                    if let Some(report) = read(&node, entry) {
                        self.sink.put(report);
                    }
                }
            }
        }
        Ok(Response::new(StreamAccessLogsResponse {}))
    }
}

#[tonic::async_trait]
impl MetricsService for Telemetry {
    async fn stream_metrics(
        &self,
        request: Request<Streaming<StreamMetricsMessage>>,
    ) -> Result<Response<StreamMetricsResponse>, Status> {
        let mut messages = request.into_inner();
        let mut node = String::new();
        while let Some(message) = messages.message().await? {
            if let Some(sender) = message.identifier.and_then(|identifier| identifier.node) {
                node = sender.id;
            }
            for family in &message.envoy_metrics {
                self.take(&node, family);
            }
        }
        Ok(Response::new(StreamMetricsResponse {}))
    }
}

impl Telemetry {
    fn take(&self, node: &str, family: &MetricFamily) {
        let name = family.name.as_deref().unwrap_or_default();
        match name {
            ROUTES_REVISION => self.fleet.applied(node, Part::Routes, value(family)),
            POLICIES_REVISION => self.fleet.applied(node, Part::Policies, value(family)),
            VM_RELOADS => self.fleet.reloaded(node, value(family)),
            LOGS_DROPPED => self.fleet.dropped(node, value(family)),
            OTLP_DROPPED => self.fleet.otlp_dropped(node, value(family)),
            _ => {}
        }
    }
}

/// The sum of a family's counters or gauges.
fn value(family: &MetricFamily) -> u64 {
    let values = family.metric.iter().filter_map(|metric| {
        let gauge = metric.gauge.as_ref().and_then(|gauge| gauge.value);
        gauge.or_else(|| metric.counter.as_ref().and_then(|counter| counter.value))
    });
    let sum: f64 = values.sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters; saturates")]
    let sum = sum as u64;
    sum
}

/// What an entry says, if the filter has seen the exchange.
fn read(node: &str, entry: HttpAccessLogEntry) -> Option<ExchangeReport> {
    let AccessLogCommon {
        start_time,
        time_to_last_rx_byte,
        time_to_first_upstream_tx_byte,
        time_to_last_downstream_tx_byte,
        mut filter_state_objects,
        ..
    } = entry.common_properties?;
    // A text or bytes: both are one field with the content.
    let event = prost::bytes::Bytes::from(filter_state_objects.remove(REPORT)?.value);
    let event: Vec<u8> = Vec::<u8>::decode(event).ok()?;
    let request = entry.request.unwrap_or_default();
    let response = entry.response.unwrap_or_default();
    let (arrived, left) = (microseconds(time_to_last_rx_byte), microseconds(time_to_first_upstream_tx_byte));
    Some(ExchangeReport {
        node: node.to_owned(),
        at: start_time
            .map_or(0, |Timestamp { seconds, nanos }| seconds * 1000 + i64::from(nanos) / 1_000_000),
        request_id: request.request_id,
        status: response.response_code.unwrap_or_default().value,
        request_bytes: request.request_body_bytes,
        response_bytes: response.response_body_bytes,
        milliseconds: microseconds(time_to_last_downstream_tx_byte) / 1000,
        held_microseconds: if left == 0 { 0 } else { left.saturating_sub(arrived) },
        event,
    })
}

fn microseconds(duration: Option<Duration>) -> u64 {
    let Some(Duration { seconds, nanos }) = duration else { return 0 };
    let (seconds, nanos) = (u64::try_from(seconds).unwrap_or(0), u64::try_from(nanos).unwrap_or(0));
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000)
}
