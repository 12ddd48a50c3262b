"""The deployed shape on a laptop: what AWS does around the Lambda function, done by local stand-ins."""
