"""Questions to a social network, each in Cypher and in SQL, with the graph that they are about."""
