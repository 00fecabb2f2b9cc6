#!/usr/bin/env bash
# Adds the rights of acls.md with Kafka's own tools, for those who cannot run `postern topics apply --acls`. Takes none away.
# usage: create-acls.sh BROKERS [client.properties]        (kafka-acls.sh on the PATH)
#        RELAY, PROXY, CONTROL, SENTINEL (default User:postern-relay and so on); SIEM, SOAR, STREAM_PROCESSOR, TAIL and
#        DEAD_LETTERS get rights only when they are set, such as SIEM=User:siem
set -euo pipefail
brokers=${1:?usage: create-acls.sh BROKERS [client.properties]}
client=(${2:+--command-config "$2"})
RELAY=${RELAY:-User:postern-relay}
PROXY=${PROXY:-User:postern-proxy}
CONTROL=${CONTROL:-User:postern-control}
SENTINEL=${SENTINEL:-User:postern-sentinel}

allow() { # principal, topic or group, literal or prefixed, name, operations
  local principal=$1 kind=$2 pattern=$3 name=$4 operations=() operation
  shift 4
  if [ -z "$principal" ]; then return; fi
  for operation in "$@"; do operations+=(--operation "$operation"); done
  kafka-acls.sh --bootstrap-server "$brokers" "${client[@]}" --add --allow-principal "$principal" \
    --resource-pattern-type "$pattern" "--$kind" "$name" "${operations[@]}"
}

allow "$RELAY" topic literal postern.exchange.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.handle.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.call.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.policy.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.revocation-state.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.credential-state.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.rotation.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.detection.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.audit-checkpoint.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.canary.v1 Write Describe DescribeConfigs
allow "$RELAY" topic literal postern.canary.v1 Read
allow "$RELAY" group prefixed postern-canary-watch Read
allow "$RELAY" topic literal postern.dlq.postern-canary-watch.v1 Write Describe DescribeConfigs

allow "$PROXY" topic literal postern.revocation-state.v1 Read Describe DescribeConfigs
allow "$PROXY" topic literal postern.credential-state.v1 Read Describe DescribeConfigs
allow "$PROXY" group prefixed postern-proxy- Read

allow "$CONTROL" topic literal postern.command.v1 Read Describe DescribeConfigs
allow "$CONTROL" group literal postern-control-commands Read

allow "$SENTINEL" topic literal postern.exchange.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.handle.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.call.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.policy.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.rotation.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.detection.v1 Read Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.audit-checkpoint.v1 Read Describe DescribeConfigs
allow "$SENTINEL" group prefixed postern-sentinel- Read
allow "$SENTINEL" topic literal postern.dlq.postern-sentinel.v1 Write Describe DescribeConfigs
allow "$SENTINEL" topic literal postern.detection-candidates.v1 Read Describe DescribeConfigs

allow "${SIEM:-}" topic literal postern.exchange.v1 Read Describe
allow "${SIEM:-}" topic literal postern.handle.v1 Read Describe
allow "${SIEM:-}" topic literal postern.call.v1 Read Describe
allow "${SIEM:-}" topic literal postern.policy.v1 Read Describe
allow "${SIEM:-}" topic literal postern.rotation.v1 Read Describe
allow "${SIEM:-}" topic literal postern.detection.v1 Read Describe
allow "${SIEM:-}" topic literal postern.audit-checkpoint.v1 Read Describe
allow "${SIEM:-}" group literal siem Read

allow "${SOAR:-}" topic literal postern.command.v1 Write Describe

allow "${STREAM_PROCESSOR:-}" topic literal postern.exchange.v1 Read Describe
allow "${STREAM_PROCESSOR:-}" topic literal postern.call.v1 Read Describe
allow "${STREAM_PROCESSOR:-}" topic literal postern.rotation.v1 Read Describe
allow "${STREAM_PROCESSOR:-}" group prefixed postern-rules Read
allow "${STREAM_PROCESSOR:-}" topic literal postern.detection-candidates.v1 Write Describe

allow "${TAIL:-}" topic literal postern.exchange.v1 Read Describe
allow "${TAIL:-}" topic literal postern.handle.v1 Read Describe
allow "${TAIL:-}" topic literal postern.call.v1 Read Describe
allow "${TAIL:-}" topic literal postern.policy.v1 Read Describe
allow "${TAIL:-}" topic literal postern.revocation-state.v1 Read Describe
allow "${TAIL:-}" topic literal postern.credential-state.v1 Read Describe
allow "${TAIL:-}" topic literal postern.rotation.v1 Read Describe
allow "${TAIL:-}" topic literal postern.detection.v1 Read Describe
allow "${TAIL:-}" topic literal postern.audit-checkpoint.v1 Read Describe
allow "${TAIL:-}" topic literal postern.canary.v1 Read Describe
allow "${TAIL:-}" group prefixed postern-tail- Read

allow "${DEAD_LETTERS:-}" topic literal postern.dlq.postern-canary-watch.v1 Read Describe
allow "${DEAD_LETTERS:-}" topic literal postern.dlq.postern-sentinel.v1 Read Describe
allow "${DEAD_LETTERS:-}" group prefixed postern-dlq- Read
