"""The gateway on AWS: what `make deploy` looks at first, what `make redrive` and `make smoke` do to a stack there."""
