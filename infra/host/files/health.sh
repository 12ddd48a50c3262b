#!/bin/bash
# Tells CloudWatch whether the service is healthy and how full the disk is, and starts a service anew that hangs.
set -euo pipefail

status=$(docker inspect --format '{{.State.Health.Status}}' fracturelens 2>/dev/null) || status=absent
healthy=0
if [ "$status" = healthy ]; then healthy=1; fi
disk=$(df --output=pcent / | tail --lines=1 | tr --delete --complement 0-9)

whose="Dimensions=[{Name=service,Value=$SERVICE}]"
aws cloudwatch put-metric-data --region "$REGION" --namespace "$NAMESPACE" --metric-data \
    "MetricName=HostHealthy,Value=$healthy,Unit=Count,$whose" \
    "MetricName=HostDiskUsed,Value=$disk,Unit=Percent,$whose" || true # Without CloudWatch it is started anew all the same.

if [ "$status" = unhealthy ]; then systemctl restart fracturelens.service; fi
