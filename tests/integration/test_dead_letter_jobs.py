# SPDX-License-Identifier: Apache-2.0
"""A pile of dead letters is redriven and discarded by jobs: at a pace, pausable, through kills, one organization beside another."""
import collections
import time
import unittest

from harness import NodeTest, poll, tasks_of
from receiver import Reply

ONCE = {"retry": {"maxAttempts": 1}, "breaker": {"failureThreshold": 100000}, "disableThreshold": 100000,
        "limits": {"maxConcurrency": 10}}
PILE = 2000


class DeadLetterJobs(NodeTest):
    def pile(self, path, count, client=None, **options):
        """A destination whose deliveries all failed for good."""
        client = client or self.client
        destination = client.destination(self.receiver.script(path, Reply(500)), ONCE)["id"]
        for n in range(count):
            client.deliver([destination], {"n": n}, options or None)
        poll(lambda: self.dead(destination, client) == count, 120, f"{count} dead letters")
        return destination

    def preview(self, client=None, **wanted):
        answer = (client or self.client).post("/v1/dead-letters/redrive", {**wanted, "dryRun": True})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def dead(self, destination, client=None):
        return self.preview(client, destinationId=destination)["count"]

    def start(self, kind, client=None, **wanted):
        answer = (client or self.client).post(f"/v1/dead-letters/{kind}", wanted)
        self.assertEqual(answer.status, 202, answer)
        job = answer.json
        self.assertTrue(answer.headers["Location"].endswith(f"/v1/jobs/{job['id']}"), answer)
        return job

    def job(self, job, client=None):
        answer = (client or self.client).get(f"/v1/jobs/{job['id']}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def change(self, job, verb):
        answer = self.client.post(f"/v1/jobs/{job['id']}/{verb}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def reach(self, job, condition, what, client=None):
        def reached():
            now = self.job(job, client)
            return now if condition(now) else None

        return poll(reached, 60, what)

    def ended(self, job, state="completed", client=None):
        return self.reach(job, lambda now: now["state"] == state, f"the job {state}", client)

    def arrivals(self, path):
        """How often each delivery came, by its id."""
        return collections.Counter(request.headers["x-delivery-id"] for request in self.receiver.requests(path))

    def restart(self):
        self.node.kill()
        self.node.start()
        type(self).client = self.node.client()

    def test_a_paced_redrive_is_paused_killed_and_finished_and_each_arrives_exactly_once_more(self):
        destination = self.pile("/pile", PILE)
        failed = self.arrivals("/pile")
        self.assertEqual((len(failed), set(failed.values())), (PILE, {1}))
        self.receiver.script("/pile", Reply(200))
        # Disabled, so that what is redriven waits: nothing is under way when the node is killed, and every arrival counts.
        self.client.post(f"/v1/destinations/{destination}/disable", {"reason": "test"})
        begun = time.monotonic()
        job = self.start("redrive", destinationId=destination, ratePerSecond=400)
        self.assertEqual((job["kind"], job["total"], job["ratePerSecond"]), ("redrive", PILE, 400))
        self.reach(job, lambda now: now["done"] >= 200, "the first 200")

        paused = self.change(job, "pause")
        self.assertEqual(paused["state"], "paused")
        self.assertLess(paused["done"], PILE)
        self.assertEqual(self.dead(destination), PILE - paused["done"], "nothing beyond what the pause was answered with")
        self.restart()
        self.assertEqual(self.job(job)["done"], paused["done"], "a paused job stays paused over a kill")
        self.assertEqual(self.change(job, "resume")["state"], "queued")

        middle = self.reach(job, lambda now: now["done"] >= paused["done"] + 300, "300 more")
        self.assertEqual(middle["state"], "running")
        self.restart()
        after = self.job(job)
        self.assertIn(after["state"], ("running", "completed"))
        self.assertGreaterEqual(after["done"], middle["done"], "what was done stays done")
        ended = self.ended(job)
        self.assertEqual((ended["done"], ended["skipped"]), (PILE, 0))
        self.assertGreater(time.monotonic() - begun, PILE / 400 - 1, "no faster than its pace")
        self.assertEqual(self.dead(destination), 0)

        self.client.post(f"/v1/destinations/{destination}/enable")
        poll(lambda: len(self.receiver.requests("/pile")) >= 2 * PILE, 120, "all of them again")
        poll(lambda: self.client.get(f"/v1/destinations/{destination}/queue").json["waiting"] == 0, 60, "an empty queue")
        self.assertEqual(self.arrivals("/pile"), {identifier: 2 for identifier in failed}, "each exactly once more")
        self.assertEqual(self.dead(destination), 0)

    def test_killed_while_it_delivers_none_is_lost_and_only_those_without_a_stored_outcome_come_twice(self):
        destination = self.pile("/live", 600)
        failed = self.arrivals("/live")
        self.receiver.script("/live", Reply(200))
        job = self.start("redrive", destinationId=destination, ratePerSecond=300)
        self.reach(job, lambda now: now["done"] >= 150, "a quarter")
        self.restart()
        self.assertEqual(self.ended(job)["done"], 600)
        poll(lambda: self.client.get(f"/v1/destinations/{destination}/queue").json["waiting"] == 0, 60, "an empty queue")
        again = self.arrivals("/live") - failed
        self.assertEqual(set(again), set(failed), "each came again")
        twice = [identifier for identifier, times in again.items() if times > 1]
        self.assertLess(len(twice), 100, "what was under way, or had its outcome on the way to the store")
        for identifier in twice:
            (task,) = tasks_of(self.client.delivery(identifier))
            self.assertEqual([a["outcome"] for a in task["attemptLog"]], ["retry", "delivered"])
        self.assertEqual(self.dead(destination), 0)

    def test_one_that_fails_again_is_not_driven_round_in_circles(self):
        destination = self.pile("/circles", 60)
        ended = self.ended(self.start("redrive", destinationId=destination, ratePerSecond=100))
        self.assertEqual(ended["done"], 60)
        poll(lambda: self.dead(destination) == 60, what="all of them dead again")
        self.assertEqual(set(self.arrivals("/circles").values()), {2})

    def test_a_discard_leaves_the_history(self):
        destination = self.pile("/discard", 120)
        sample = self.preview(destinationId=destination)["sample"]
        self.assertEqual(len(sample), 5)
        ended = self.ended(self.start("discard", destinationId=destination))
        self.assertEqual((ended["done"], ended["skipped"], ended["total"]), (120, 0, 120))
        self.assertEqual(self.dead(destination), 0)
        self.assert_problem(self.client.get(f"/v1/dead-letters/{sample[0]['taskId']}"), 404)
        self.assertEqual(self.client.delivery(sample[0]["deliveryId"])["status"], "failed")
        self.assertEqual(len(self.receiver.requests("/discard")), 120)

    def test_one_dead_letter_shows_its_attempts(self):
        destination = self.pile("/one", 1)
        task = self.preview(destinationId=destination)["sample"][0]["taskId"]
        letter = self.client.get(f"/v1/dead-letters/{task}").json
        self.assertEqual([attempt["code"] for attempt in letter["attemptLog"]], [500])
        self.assertTrue(letter["attemptLog"][0]["detail"])

    def test_filters_narrow_the_list_and_the_job_alike(self):
        first = self.pile("/filter-a", 3, correlationId="filter-run", tags=["filter-q1"])
        second = self.pile("/filter-b", 2, tags=["filter-q1"])
        both = {"destinationIds": [first, second]}
        self.assertEqual(self.preview(**both)["count"], 5)
        self.assertEqual(self.preview(tag="filter-q1")["count"], 5)
        self.assertEqual(self.preview(correlationId="filter-run")["count"], 3)
        self.assertEqual(self.preview(**both, category="timeout")["count"], 0)
        self.assertEqual(self.preview(**both, payloadType="export")["count"], 0)
        listed = self.client.get(f"/v1/dead-letters?destinationId={first},{second}&tag=filter-q1&payloadType=report").json["data"]
        self.assertEqual(len(listed), 5)
        task = listed[0]["taskId"]
        self.assertEqual([d["taskId"] for d in self.client.get(f"/v1/dead-letters?taskId={task}").json["data"]], [task])
        self.assertEqual(self.ended(self.start("discard", correlationId="filter-run"))["done"], 3)
        self.assertEqual(self.preview(**both)["count"], 2)

    def test_the_pace_can_be_changed_and_the_job_cancelled(self):
        destination = self.pile("/slow", 40)
        job = self.start("discard", destinationId=destination, ratePerSecond=1)
        changed = self.client.patch(f"/v1/jobs/{job['id']}", {"ratePerSecond": 2})
        self.assertEqual((changed.status, changed.json["ratePerSecond"]), (200, 2), changed)
        cancelled = self.change(job, "cancel")
        self.assertEqual(cancelled["state"], "cancelled")
        self.assertEqual(self.dead(destination), 40 - cancelled["done"])
        self.assertLess(cancelled["done"], 40)
        for verb in ("pause", "resume"):
            self.assert_problem(self.client.post(f"/v1/jobs/{job['id']}/{verb}"), 409, "CONFLICT")
        self.assertEqual(self.change(job, "cancel")["done"], cancelled["done"])
        fast = self.start("discard", destinationId=destination, ratePerSecond=1)
        self.client.patch(f"/v1/jobs/{fast['id']}", {"ratePerSecond": 10000})
        self.ended(fast)
        listed = self.client.get("/v1/jobs?kind=discard&limit=1").json
        self.assertEqual(listed["data"][0]["id"], fast["id"])
        self.assertTrue(listed["nextCursor"])

    def test_jobs_of_one_organization_are_nothing_to_another(self):
        _, ours = self.new_organization("ours")
        theirs_id, theirs = self.new_organization("theirs")
        destination = self.pile("/ours", 20, ours)
        foreign = self.pile("/theirs", 20, theirs)
        job = self.start("discard", ours, ratePerSecond=1)
        self.assert_problem(theirs.get(f"/v1/jobs/{job['id']}"), 404, "JOB_NOT_FOUND")
        for verb in ("pause", "resume", "cancel"):
            self.assert_problem(theirs.post(f"/v1/jobs/{job['id']}/{verb}"), 404, "JOB_NOT_FOUND")
        self.assert_problem(theirs.patch(f"/v1/jobs/{job['id']}", {"ratePerSecond": 9}), 404, "JOB_NOT_FOUND")
        self.assertEqual(theirs.get("/v1/jobs").json["data"], [])
        task = self.preview(ours, destinationId=destination)["sample"][0]["taskId"]
        self.assert_problem(theirs.get(f"/v1/dead-letters/{task}"), 404)
        # Naming what is another's finds nothing of it.
        for wanted in ({"destinationId": destination}, {"taskIds": [task]}):
            self.assertEqual(self.ended(self.start("discard", theirs, **wanted), client=theirs)["done"], 0)
        ours.patch(f"/v1/jobs/{job['id']}", {"ratePerSecond": 10000})
        self.assertEqual(self.ended(job, client=ours)["done"], 20)
        self.assertEqual(self.dead(foreign, theirs), 20, "a job without a filter takes its own organization's only")
        viewer = self.node.client(self.new_key(theirs_id, ["viewer"]))
        self.assertEqual(viewer.get("/v1/jobs").status, 200)
        self.assert_problem(viewer.post("/v1/dead-letters/discard", {}), 403, "FORBIDDEN")
        narrowed = self.node.client(self.new_key(theirs_id, ["operator"], destinations=[foreign]))
        own = self.start("discard", narrowed, ratePerSecond=10000)
        self.assertEqual(own["filter"], {"destinationIds": [foreign]})
        self.assertEqual(self.ended(own, client=narrowed)["done"], 20)


if __name__ == "__main__":
    unittest.main()
