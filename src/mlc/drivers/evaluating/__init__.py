"""What is measured of a model's answers: of all rows, of some, disturbed, and beside another model's."""
