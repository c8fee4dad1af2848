"""Shop 电商平台: the catalogue, its prices and its stock."""
