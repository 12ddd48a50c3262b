"""The Lambda function: the API of ``fracturelens`` behind API Gateway. Thin: what it does, the product does."""
