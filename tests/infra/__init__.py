"""The CDK app: its templates say who may call what, and moto's CloudFormation deploys them."""
