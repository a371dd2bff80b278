"""The formula language: text -> tokens -> instructions -> one graph for all formulas -> numbers."""
