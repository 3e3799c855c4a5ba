"""An application as a team writes it: its words in modules, tables, Enums, factories and classes."""
