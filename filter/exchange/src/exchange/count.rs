//! What is counted of an exchange, once, when it is over.

use super::{Exchange, Request, Response};
use crate::counter::Counter;
use crate::event::{Half, Sums};
use crate::gateway::Act;
use crate::host::Host;
use aegis_policy::{Disposition, Mode};

/// How far the answer has come. Of what is true at the same time, the last one counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answered {
    /// Not to its end.
    #[default]
    Partly,
    /// Its last byte was there.
    Fully,
    /// The upstream has ended a stream before it was over.
    CutOff,
    /// The gateway has broken it off.
    BrokenOff,
}

impl Exchange {
    /// Both halves are over, for whatever reason.
    pub fn on_end(&mut self, host: &mut impl Host) {
        // Whoever hangs up does not make what was found until then undone.
        if let Response::Worked { stream, shadow, .. } =
            std::mem::replace(&mut self.response, Response::Untouched)
        {
            self.tell_answer(host, &stream, shadow.as_deref());
        }
        let Some(request) = self.request_counter() else { return };
        host.count(request, 1);
        if matches!(self.request, Request::Untouched | Request::Sent) {
            host.count(self.answer_counter(), 1);
        }
        let refusal = self.event.refused.map(Counter::of_refusal);
        if let Some(refusal) = refusal {
            host.count(refusal, 1);
        }
        if self.answered == Answered::BrokenOff || refusal.is_some_and(Counter::is_own_failure) {
            host.count(Counter::FailedClosed, 1);
        }
        self.count_findings(host);
        self.count_shadow(host);
    }

    /// What became of the request; `None` if it is not for the gateway.
    fn request_counter(&self) -> Option<Counter> {
        let action = self.event.request.action.0;
        match self.request {
            Request::Refused if action == Disposition::Block => Some(Counter::RequestBlocked),
            Request::Refused => Some(Counter::RequestRefused),
            // Envoy has answered before the body was there.
            Request::Reading(_) if self.event.refused.is_some() => Some(Counter::RequestRefused),
            Request::Reading(_) => Some(Counter::RequestCutOff),
            Request::Sent => Some(Counter::of_request(action)),
            Request::Untouched => self.event.token.as_ref().map(|_| Counter::of_request(action)),
        }
    }

    /// What became of the answer to a request that has left.
    fn answer_counter(&self) -> Counter {
        let action = self.event.response.action.0;
        // What of the gateway's own takes the place of an answer has a code.
        if self.answered == Answered::BrokenOff || self.event.refused.is_some() {
            return Counter::AnswerFailed;
        }
        if action != Disposition::Block && self.answered != Answered::Fully {
            return Counter::AnswerCutOff;
        }
        Counter::of_answer(action, self.restored)
    }

    fn count_findings(&self, host: &mut impl Host) {
        let Half { sums: Sums { findings, injection, .. }, .. } = &self.event.request;
        let of_request =
            findings.iter().map(|(action, count)| (Counter::of_request_finding(*action), *count));
        let findings = &self.event.response.sums.findings;
        let of_answer = findings.iter().map(|(action, count)| (Counter::of_answer_finding(*action), *count));
        let of_injection = (Counter::of_injection(injection.0), 1);
        for (counter, count) in of_request.chain(of_answer).chain([of_injection]) {
            if let Some(counter) = counter {
                host.count(counter, count);
            }
        }
    }

    /// Of a policy that only watches, and of one on trial that only watches.
    fn count_shadow(&self, host: &mut impl Host) {
        let watches = |Act { worker, .. }: &Act| worker.engine.mode() == Mode::Shadow;
        if self.act.as_ref().is_some_and(watches) {
            let [request, response] =
                [&self.event.request, &self.event.response].map(|half| half.sums.watched.0);
            host.count(Counter::of_shadow(request.max(response)), 1);
        }
        if let Some(shadow) = &self.event.shadow {
            let done = shadow.request.action.0.max(shadow.response.action.0);
            host.count(Counter::of_shadow(done), 1);
        }
    }
}
