"""Reclassification 密级变更: a row's degree and compartments change only by the word of two people."""
