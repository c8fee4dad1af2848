"""Audit 审计: who read or changed what is secret, who signed in and who was refused; chained so that no change stays hidden."""
