-- Flink SQL: what rules found, to a topic. One that has grown comes again under its key: the last one counts.
create temporary table detection_candidates (
  rule string, entity_type string, entity_id string, subject_id string, resource string,
  start_at timestamp_ltz(3), end_at timestamp_ltz(3), severity string, confidence string, observed double,
  threshold double, evidence array<string>,
  primary key (rule, entity_type, entity_id, start_at) not enforced
) with ('connector' = 'upsert-kafka', 'topic' = 'postern.detection-candidates.v1',
  'properties.bootstrap.servers' = 'kafka:9092', 'key.format' = 'json', 'value.format' = 'json',
  'key.json.timestamp-format.standard' = 'ISO-8601', 'value.json.timestamp-format.standard' = 'ISO-8601',
  'sink.buffer-flush.max-rows' = '10000', 'sink.buffer-flush.interval' = '10 s');

-- What was counted so far outlives a crash, and candidates are on the topic before it is said that they are.
set 'execution.checkpointing.interval' = '30 s';
