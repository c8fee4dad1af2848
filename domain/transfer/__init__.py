"""Technology transfer 军民融合技术转化: from a classified outcome to a civil product."""
