"""The CDK app: one construct for each capability, stacks that only compose."""
