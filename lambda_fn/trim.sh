#!/bin/sh
# Remove what the packages in a folder bring along and no reading asks for: a smaller image starts sooner.
set -eu
cd "$1"

# LiteRT serves with its interpreter; the rest is for graphics processors, for other chips, and its newer interface.
rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/libLiteRt.so \
    ai_edge_litert/aot ai_edge_litert/tools ai_edge_litert/vendors

# Of AWS's services, the store speaks to S3; credentials may come from STS.
find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts -exec rm -rf {} +

# No film is an AVIF.
rm -rf PIL/_avif.*.so pillow.libs/libavif-*

# DICOM is read: no structured reports, no films to try.
rm -rf pydicom/sr pydicom/data/test_files

# The API routes its requests itself, and Lambda is its server and its command line.
rm -rf aws_lambda_powertools/event_handler bin
for name in click h11 markdown_it mdurl pygments rich shellingham typer uvicorn; do
    rm -rf "$name" "$name"-*.dist-info "${name}_py"-*.dist-info
done

# Tests, types for checkers, and what numpy has for building other packages.
find . -type d -name tests -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' -o -name '*.a' \) -delete
rm -rf numpy/distutils numpy/f2py
