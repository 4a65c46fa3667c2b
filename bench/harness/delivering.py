# SPDX-License-Identifier: Apache-2.0
"""One run of "deliver one": 1 KiB JSON in by POST, stored, out as a signed POST, its outcome stored."""
import threading
import time

from . import generator, machine, processes
from .node import start_node
from .outcomes import Outcomes, StoredWatcher, latencies_ms, percentile
from .receiver import Receiver

WARM_UP = 2000
CONNECTIONS = 64


class Sampler(threading.Thread):
    """Once a second: memory of the stack, and what has arrived at the receiver."""

    def __init__(self, stack, receiver):
        super().__init__(daemon=True)
        self.stack, self.receiver, self.memory, self.arrived = stack, receiver, [], []
        self._stop_asked = threading.Event()

    def run(self):
        while not self._stop_asked.wait(1.0):
            self._look()

    def _look(self):
        self.memory.append(processes.memory_mb(self.stack))
        self.arrived.append((time.monotonic(), self.receiver.count()))

    def finish(self):
        """Looks once more, so that a run of less than a second has a figure too."""
        self._stop_asked.set()
        self.join()
        self._look()

    def peak(self):
        return {key: max((m[key] for m in self.memory), default=0) for key in ("rss", "pss")}

    def rates(self):
        return [round((b[1] - a[1]) / (b[0] - a[0])) for a, b in zip(self.arrived, self.arrived[1:])]


class Run:
    def __init__(self, options, seconds, count, latency_seconds):
        self.options, self.seconds, self.count, self.latency_seconds = options, seconds, count, latency_seconds
        self.total, self.result, self.logs, self.watchers = 0, {}, {}, {}

    def measure(self):
        o = self.options
        self.result["calm"] = machine.wait_until_calm(o.patience)
        self.result["commit"] = machine.commit()
        self.result["fdatasync_us"] = machine.fsync_us(o.work)
        self.receiver = Receiver(f"{o.work}/receiver", o.port + 1)
        try:
            straight = generator.publish(o.build, o.port + 1, ["dst_none"], connections=CONNECTIONS, seconds=2, path="/hook")
            self.result["receiver_alone_per_s"] = straight["rate"]
            self.receiver.reset()
            self.node = start_node(o)
            self.stack = self.node.stack
            self._phases()
        finally:
            processes.stop_all()
        return self.result

    def _phases(self):
        o, node = self.options, self.node
        time.sleep(2)
        self.result["start_seconds"] = node.start_seconds
        self.result["idle"] = {**processes.memory_mb(self.stack), "cpu_per_s": self._idle_cpu()}
        limits = {"maxConcurrency": o.max_concurrency}
        self.destination = node.create_webhook(self.receiver.url(), "bench", {"limits": limits})
        self.outcomes = Outcomes(node.database)
        self._publish(count=WARM_UP)
        self.outcomes.wait_until_empty()
        self.result["end_to_end"] = self._end_to_end()
        self.result["accept_2000"] = self._open_loop(2000)
        self.result["low_200"] = self._open_loop(200)
        self.result["low_1000"] = self._open_loop(1000)
        self.result["after"] = processes.memory_mb(self.stack)
        self._check()
        self._read_latencies()

    def _idle_cpu(self, seconds=3):
        before = processes.cpu_seconds(self.stack)
        time.sleep(seconds)
        return round((processes.cpu_seconds(self.stack) - before) / seconds, 4)

    def _publish(self, **how):
        said = generator.publish(self.options.build, self.options.port, [self.destination], self.node.key_file,
                                 connections=CONNECTIONS, **how)
        self.total += said["count"]
        return said

    def _end_to_end(self):
        sampler, speed = Sampler(self.stack, self.receiver), machine.calibrate()
        sampler.start()
        with processes.Span(self.stack, [self.receiver.process.pid]) as span:
            said = self._publish(**({"count": self.count} if self.count else {"seconds": self.seconds}))
            waiting = self.total - self.receiver.count()
            end = self.outcomes.wait_until_empty()
            span.generator_cpu = said["cpu_s"]
        sampler.finish()
        seconds, rates = end - said["start_us"] / 1e6, sampler.rates()
        return {
            "deliveries": said["count"], "seconds": round(seconds, 3), "rate": round(said["count"] / seconds, 1),
            "accept_rate": said["rate"], "accept_p50_ms": said["p50_us"] / 1e3, "accept_p99_ms": said["p99_us"] / 1e3,
            "waiting_when_last_was_accepted": waiting, "arrived_each_second": rates,
            "cpu_per_1000": round(span.cpu / said["count"] * 1000, 4), "cpu_by_thread": span.threads,
            "cores_used": round(span.cpu / span.wall, 2), "generator_cpu_s": said["cpu_s"],
            "receiver_cpu_s": round(span.beside_cpu, 2), "peak": sampler.peak(), "other": span.other, "steal": span.steal,
            "sha256_mb_per_s": [speed, machine.calibrate()],
        }

    def _open_loop(self, rate):
        log = f"{self.options.work}/requests-{rate}.log"
        time.sleep(1)
        if rate <= 1000:
            self.watchers[rate] = StoredWatcher(self.node.database)
            self.watchers[rate].start()
            time.sleep(0.1)
        with processes.Span(self.stack, [self.receiver.process.pid]) as span:
            said = self._publish(count=rate * self.latency_seconds, rate=rate, log=log)
            self.outcomes.wait_until_empty()
            span.generator_cpu = said["cpu_s"]
        if rate in self.watchers:
            self.watchers[rate].finish()
        self.logs[rate] = log
        return {
            "rate": said["rate"], "accept_p50_ms": said["p50_us"] / 1e3, "accept_p99_ms": said["p99_us"] / 1e3,
            "accept_p999_ms": said["p999_us"] / 1e3, "accept_max_ms": said["max_us"] / 1e3,
            "waited_for_connection": said["waited_for_connection"],
            "cpu_per_1000": round(span.cpu / said["count"] * 1000, 4), "other": span.other, "steal": span.steal,
        }

    def _check(self):
        """accepted = received = outcomes, by three witnesses; then the store's own count, after an orderly end."""
        node = self.node
        check = {"published": self.total, "accepted": node.accepted(), "received": self.receiver.count(),
                 "finished": node.finished(), "delivered": int(node.metric("waybill_tasks_finished_total", status="delivered"))}
        check["exit_code"] = node.stop()
        self.outcomes.close()
        self.outcomes = Outcomes(node.database)
        check["stored_counter"], check["stored_rows"] = self.outcomes.reconciliation()[1], self.outcomes.delivered_rows()
        check["equal"] = len({v for k, v in check.items() if k != "exit_code"}) == 1 and check["exit_code"] == 0
        self.result["check"] = check
        self.result["store"] = self.outcomes.settings()
        self.result["database_mb"] = self.outcomes.megabytes()

    def _read_latencies(self):
        finished = self.outcomes.finished_ms()
        for rate, name in ((2000, "accept_2000"), (1000, "low_1000"), (200, "low_200")):
            requests = generator.read_log(self.logs[rate])
            self._add_percentiles(name, "outcome", latencies_ms(requests, finished))
            if rate in self.watchers:
                self._add_percentiles(name, "stored", self.watchers[rate].latencies_ms(requests, finished))
        self.outcomes.close()

    def _add_percentiles(self, name, what, times):
        for share, label in ((0.5, "p50"), (0.99, "p99"), (0.999, "p999"), (1, "max")):
            self.result[name][f"{what}_{label}_ms"] = round(percentile(times, share), 2)
