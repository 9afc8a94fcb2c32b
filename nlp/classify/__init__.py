"""From a masked text to labels: features, heads, calibration, bundles, scoring, evidence."""
