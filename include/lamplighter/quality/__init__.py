"""Great Expectations: suites from the spec, and what they found."""
