"""Jobs 定时作业: what the platform does by the clock, in steps that each count once (docs/adr/0015-jobs.md)."""
