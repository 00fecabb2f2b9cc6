#!/usr/bin/env bash
# Creates the topics of topics.yaml that are missing, with Kafka's own tools. Changes none that exists.
# usage: create-topics.sh BROKERS [client.properties]      (kafka-topics.sh on the PATH)
#        REPLICATION_FACTOR (default 3), MIN_INSYNC_REPLICAS (default 2; both 1 on a single broker)
set -euo pipefail
brokers=${1:?usage: create-topics.sh BROKERS [client.properties]}
client=(${2:+--command-config "$2"})
replication=${REPLICATION_FACTOR:-3}
in_sync=${MIN_INSYNC_REPLICAS:-2}

create() { # name, partitions, retention in ms
  kafka-topics.sh --bootstrap-server "$brokers" "${client[@]}" --create --if-not-exists \
    --topic "$1" --partitions "$2" --replication-factor "$replication" \
    --config cleanup.policy=delete --config "retention.ms=$3" \
    --config "min.insync.replicas=$in_sync" --config unclean.leader.election.enable=false
}

create postern.exchange.v1 12 2592000000
create postern.handle.v1 12 2592000000
create postern.call.v1 24 604800000
create postern.policy.v1 12 31536000000
