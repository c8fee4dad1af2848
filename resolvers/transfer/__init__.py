"""How technology transfer 技术转化 is answered."""
