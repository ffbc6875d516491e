"""Tasks of people: repairs that somebody took, inspections that come round."""
