"""Panels beside a chart: what was liquidated lately, in rows and in totals."""
