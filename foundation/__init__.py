"""What every floor above stands on: settings, database, session, clock, ids, money, refusals, outbox."""
