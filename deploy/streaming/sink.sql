-- RisingWave: what rules found, to a topic. One that has grown comes again under its key: the last one counts.
-- Written by its manual; it has not been run (see README.md).
create sink detection_candidates_sink from detection_candidates
with (connector = 'kafka', topic = 'postern.detection-candidates.v1', properties.bootstrap.server = 'kafka:9092',
  primary_key = 'rule,entity_type,entity_id,start_at') format upsert encode json;
