"""Technology transfer 技术转化 as clients see it, from an outcome to the product that comes of it."""
