"""How good the models are, on time that they were not fitted on."""
