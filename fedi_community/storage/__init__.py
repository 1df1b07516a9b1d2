"""The only room that speaks SQL: tables, migrations, units of work, the rule in SQL, facts, effects, timelines, queue."""
