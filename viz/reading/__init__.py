"""Reading: from a recorded graph and its flow to a drawing model."""
