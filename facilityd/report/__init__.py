"""The report as files: HTML with plots, Markdown, CSV and a workbook."""
