# Data files that are compiled in. (None: the catalogue is C tables in src/kinds/catalogue_data.c.)
