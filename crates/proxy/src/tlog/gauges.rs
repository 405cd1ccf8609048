//! What logs of ours look like from outside, read when somebody looks.

use std::{
    fmt,
    sync::{Weak, atomic::Ordering},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

use super::Log;

/// Logs, each by a name of a closed set. They may end before whoever looks.
#[derive(Default)]
pub struct Gauges(Vec<(&'static str, Weak<Log>)>);

/// What is told of a log: the metric's name, a sentence, and its value; none if it does not apply.
type Gauge = (&'static str, &'static str, fn(&Log) -> Option<i64>);

const GAUGES: [Gauge; 7] = [
    ("log_records", "Records in the newest signed tree head of a log of ours.", |log| Some(count(log.head().ok()?.tree().size))),
    ("log_signed_timestamp_seconds", "When the newest tree head was signed, as Unix time.", |log| Some(log.head().ok()?.time())),
    ("log_waiting", "Records that wait to be brought into the log.", |log| Some(count(log.waiting()))),
    ("log_refuses", "1 if the log takes no more records until an operator has looked at it.", |log| {
        Some(i64::from(log.refusal().is_some()))
    }),
    ("log_leased", "1 while this process has the lease to write the log.", |log| {
        Some(i64::from(log.shared.is_leased.load(Ordering::Relaxed)))
    }),
    ("log_witnesses", "Witnesses that are asked about the log.", |log| Some(count(log.witnesses.get()?.count()))),
    (
        "log_witnesses_missing",
        "Witnesses whose cosignature the newest tree head lacks; all, until as many have cosigned it as must.",
        |log| {
            let (witnesses, size) = (log.witnesses.get()?, log.head().ok()?.tree().size);
            let cosigned = witnesses.cosigned().filter(|cosigned| cosigned.size >= size).map_or(0, |cosigned| cosigned.witnesses);
            Some(count(witnesses.count().saturating_sub(cosigned)))
        },
    ),
];

impl Gauges {
    /// The same, with another log.
    #[must_use]
    pub fn with(mut self, name: &'static str, log: Weak<Log>) -> Self {
        self.0.push((name, log));
        self
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in GAUGES {
            let told = |(log, open): &(&'static str, Weak<Log>)| Some((*log, open.upgrade().as_deref().and_then(value)?));
            let values: Vec<_> = self.0.iter().filter_map(told).collect();
            if values.is_empty() {
                continue;
            }
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (log, value) in values {
                ConstGauge::new(value).encode(family.encode_family(&[("log", log)])?)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
