-- Which run asks somebody about a plan that waits, so that each plan is asked about once.
ALTER TABLE outbox_plan ADD COLUMN asked_by_run text;
COMMENT ON COLUMN outbox_plan.asked_by_run IS
'The run of approve_uploads that asks about the plan. Once that is over without an answer, another one asks.';
