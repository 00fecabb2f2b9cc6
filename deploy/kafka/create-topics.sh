#!/usr/bin/env bash
# Creates the topics of topics.yaml that are missing, with Kafka's own tools. Changes none that exists: for that there is
# `postern topics apply`.
# usage: create-topics.sh BROKERS [client.properties]      (kafka-topics.sh on the PATH)
#        REPLICATION_FACTOR (default 3), MIN_INSYNC_REPLICAS (default 2; both 1 on a single broker)
set -euo pipefail
brokers=${1:?usage: create-topics.sh BROKERS [client.properties]}
client=(${2:+--command-config "$2"})
replication=${REPLICATION_FACTOR:-3}
in_sync=${MIN_INSYNC_REPLICAS:-2}

create() { # name, partitions, settings
  local topic=$1 partitions=$2 settings=(--config "min.insync.replicas=$in_sync") setting
  shift 2
  for setting in "$@"; do settings+=(--config "$setting"); done
  kafka-topics.sh --bootstrap-server "$brokers" "${client[@]}" --create --if-not-exists \
    --topic "$topic" --partitions "$partitions" --replication-factor "$replication" "${settings[@]}"
}

create postern.exchange.v1 12 cleanup.policy=delete retention.ms=2592000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.handle.v1 12 cleanup.policy=delete retention.ms=2592000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.call.v1 24 cleanup.policy=delete retention.ms=604800000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.policy.v1 12 cleanup.policy=delete retention.ms=31536000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.revocation-state.v1 12 cleanup.policy=compact retention.ms=-1 min.compaction.lag.ms=60000 max.compaction.lag.ms=3600000 segment.ms=3600000 delete.retention.ms=604800000 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.credential-state.v1 12 cleanup.policy=compact retention.ms=-1 min.compaction.lag.ms=60000 max.compaction.lag.ms=3600000 segment.ms=3600000 delete.retention.ms=604800000 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.rotation.v1 12 cleanup.policy=delete retention.ms=31536000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.detection.v1 12 cleanup.policy=delete retention.ms=31536000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.command.v1 12 cleanup.policy=delete retention.ms=604800000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.audit-checkpoint.v1 1 cleanup.policy=delete retention.ms=-1 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.canary.v1 12 cleanup.policy=delete retention.ms=3600000 retention.bytes=-1 segment.ms=3600000 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.detection-candidates.v1 12 cleanup.policy=delete retention.ms=604800000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip
create postern.dlq.postern-canary-watch.v1 12 cleanup.policy=delete retention.ms=2592000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=2097176 compression.type=gzip
create postern.dlq.postern-sentinel.v1 12 cleanup.policy=delete retention.ms=2592000000 retention.bytes=-1 unclean.leader.election.enable=false max.message.bytes=2097176 compression.type=gzip
