"""Names for the people of the sample institution, from many places, put together for this project."""

_GIVEN = """
Aaliyah Abdou Adaeze Agnieszka Aiko Ailbhe Akua Alejandra Amara Anahí Anders Anjali Anouk Aoife Ariadna Arjun Astrid
Ayşe Beatriz Bilal Bjørn Bogdan Bronagh Camille Cansu Caoimhe Chidi Chloé Clémence Cristóbal Dalia Daniela Darius
Dimitra Duc Efua Eilidh Ekaterina Elif Emeka Émile Esperanza Esteban Fatima Femi Finnian Francesca Gabriela Giulia
Grace Gustavo Hana Hannah Haruto Hassan Helena Hyun-woo Ibrahim Ilse Imani Inês Ioana Isabela Ismail Itzel Jakob
Jamila Jasper Jelena Ji-woo Joaquín João Kaito Kalani Katarzyna Kofi Kwame Laila Lakshmi Lars Lautaro Léa Leilani Lin
Linnea Lucía Luka Maarten Madina Maeve Magdalena Malik Manaia Marek Mariam Mateo Mei Mihai Mirela Moana Mustafa Nadia
Naledi Nam Naoko Nikolai Nilufar Niamh Noor Nthabiseng Olena Oliwia Omar Oskar Paolo Paulina Pavel Phuong Pia Quynh
Rafael Rania Ravi Rosa Rui Ruth Sakura Salma Samira Sanjay Santiago Saoirse Selam Seo-yeon Sibusiso Sigrid Simone
Siobhán Sofía Søren Sunita Tadeusz Tamar Tariq Tendai Teresa Thandiwe Thiago Tjarra Tomasz Tove Tuan Uchenna Ulrike
Umar Valentina Vasiliki Veronika Viktor Wairimu Wanjiru Xiadani Ximena Yael Yara Yasmin Yetunde Yiannis Yuki Yusuf
Zainab Zofia Zuzana
"""
_FAMILY = """
Abe Abebe Acheampong Adeyemi Aguilar Ahmed Ahn Akhtar Almeida Andersson Antoniou Aydın Baptiste Barros Bauer Becker
Begum Benali Bergström Bhatt Bianchi Boateng Bondarenko Botha Brennan Byrne Cárdenas Castillo Çelik Chanda Chen Choi
Cohen Contreras Costa Dąbrowska Davies Delgado Dhillon Diallo Dimitrov Dlamini Doherty Dubois Dvořák Eriksen Espinoza
Fernández Ferrari Fischer Fitzgerald Fofana Fujimoto Gallagher García Gebremariam Georgiou Ghosh Gonçalves Gómez
Grünwald Guerrero Haddad Hakimi Halvorsen Hamid Hansen Haapala Hernández Hoang Horvat Huang Ibáñez Igwe Ivanova Jafari
Jansen Jiménez Johansen Jones Kang Kapoor Karlsson Kaya Keller Khalil Khumalo Kim Kiplagat Kobayashi Kovács Kowalski
Kruger Kumar Larsen Lefèvre Leung Lindqvist Lopes Lund MacLeod Mahlangu Malik Mansour Marino Martínez Mbeki Mendes
Mensah Mitchell Morales Moreau Mukherjee Müller Mwangi Nakamura Nair Ndlovu Nguyễn Nielsen Njoroge Novák Núñez
Nyambura O'Connor O'Sullivan Obi Oduya Okafor Okonkwo Olsen Ortega Osei Otieno Owusu Özdemir Papadakis Park Patel
Pereira Petrov Pham Popescu Qureshi Rahman Ramírez Rashid Reddy Reyes Ricci Rodrigues Romero Rossi Roy Sánchez Santos
Sato Schmidt Schröder Sengupta Shevchenko Silva Singh Smit Sokolov Sørensen Suzuki Szabó Takahashi Tan Tanaka Taufa
Teixeira Thapa Thompson Tran Trương Tshabalala Ueda Usman Vance Vargas Vasquez Velasco Vermeulen Villanueva Virtanen
Vlasenko Wagner Walker Wambui Wang Watanabe Weber Williams Wiśniewski Wójcik Wu Yamamoto Yang Yıldız Zając Zhang Zhou
Zulu
"""
GIVEN = tuple(_GIVEN.split())
FAMILY = tuple(_FAMILY.split())
