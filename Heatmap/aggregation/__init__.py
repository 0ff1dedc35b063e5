"""From events to pictures, all pure: resolution, grid, heat field, decay and normalisation."""
