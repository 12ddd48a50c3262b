#!/bin/sh
# Remove what the packages in a folder bring along and the service never asks for.
set -eu
cd "$1"

# LiteRT serves with its interpreter; the rest is for graphics processors, for other chips, and its newer interface.
rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/libLiteRt.so \
    ai_edge_litert/aot ai_edge_litert/tools ai_edge_litert/vendors

# Of AWS's services, the store speaks to S3; credentials may come from STS.
find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts -exec rm -rf {} +

# Nothing here is a Lambda.
rm -rf bin runtime_client*.so snapshot_restore_py snapshot_restore_py-*.dist-info
for name in aws_lambda_powertools awslambdaric mangum simplejson; do
    rm -rf "$name" "$name"-*.dist-info
done

# Tests, and types for checkers.
find . -type d -name tests -prune -exec rm -rf {} +
find . -type f -name '*.pyi' -delete
