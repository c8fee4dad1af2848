"""Charts as SVG drawn on the server, one module per kind; templates reach them as `charts.NAME`."""
