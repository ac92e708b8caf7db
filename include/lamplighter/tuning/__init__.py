"""The search for good hyperparameters: one stored search, pulled from by any worker."""
